// A job library that misbehaves as its first argument says.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "stream/api/job_library.h"

WEIR_STREAM_JOB(env, arguments) {
  const std::string& how = arguments.at(0);
  if (how == "throw") throw std::runtime_error("no such\ninput");
  if (how == "throw-int") throw 42;
  if (how == "exit") std::exit(0);
  if (how == "abort") std::abort();
  if (how == "no-sink") env.FromSequence(1, 2);
  if (how == "parallelism") env.FromSequence(1, 2).SetParallelism(0).Print();
  if (how == "relative") env.ReadTextFiles({"text.txt"}).Print();
  if (how == "chatty") {
    std::system("echo printed by the program");
    env.FromSequence(1, 2).Print();
  }
}
