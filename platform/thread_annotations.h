// Clang's thread-safety attributes; nothing under other compilers.
#ifndef WEIR_PLATFORM_THREAD_ANNOTATIONS_H_
#define WEIR_PLATFORM_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define WEIR_ATTRIBUTE(x) __attribute__((x))
#else
#define WEIR_ATTRIBUTE(x)
#endif

#define WEIR_CAPABILITY(x) WEIR_ATTRIBUTE(capability(x))
#define WEIR_SCOPED_CAPABILITY WEIR_ATTRIBUTE(scoped_lockable)
#define WEIR_GUARDED_BY(x) WEIR_ATTRIBUTE(guarded_by(x))
#define WEIR_REQUIRES(...) WEIR_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define WEIR_EXCLUDES(...) WEIR_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define WEIR_ACQUIRE(...) WEIR_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define WEIR_RELEASE(...) WEIR_ATTRIBUTE(release_capability(__VA_ARGS__))

#endif  // WEIR_PLATFORM_THREAD_ANNOTATIONS_H_
