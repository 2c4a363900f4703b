// Overloaded: one visitor for std::visit out of several lambdas.
//
//   std::visit(Overloaded{[](const A& a) { ... }, [](const B& b) { ... }}, variant);
#ifndef WEIR_COMMON_OVERLOADED_H_
#define WEIR_COMMON_OVERLOADED_H_

namespace weir {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace weir

#endif  // WEIR_COMMON_OVERLOADED_H_
