// SPDX-License-Identifier: BSD-2-Clause
// malloc and free, of whom you like.
//
// Each library is loaded for itself alone, so that it serves this contender and nobody else in the
// process, and is called through pointers, which is what a call into a shared library is anyway.
// The paths are those of the installed libraries; a library that was not found is left out.
#include <dlfcn.h>
#include <gnu/libc-version.h>

#include "serve.hpp"

namespace {

using namespace peers;

template <class Function>
Function* look_up(void* library, const char* name) {
  void* const found = dlsym(library, name);
  if (found == nullptr) throw std::runtime_error(std::string("there is no ") + name);
  return reinterpret_cast<Function*>(found);
}

/// Library: where it is, what its functions are called, and its version.
template <class Library>
class malloc_of {
 public:
  static constexpr bool thread_safe = true;
  using in_thread = nothing_in_thread;
  static std::string version() { return Library::version(library); }

  template <class T>
  struct allocator {
    using value_type = T;
    explicit allocator(malloc_of&) {}
    template <class U>
    allocator(const allocator<U>&) {}
    T* allocate(std::size_t n) { return static_cast<T*>(malloc_of::allocate_(n * sizeof(T))); }
    void deallocate(T* p, std::size_t) noexcept { malloc_of::release_(p); }
    friend bool operator==(allocator, allocator) { return true; }
  };

  explicit malloc_of(const setting& s) : size_(s.item_size) {
    library = Library::path == nullptr ? RTLD_DEFAULT : dlopen(Library::path, RTLD_NOW);
    if (Library::path != nullptr && library == nullptr) throw std::runtime_error(dlerror());
    allocate_ = look_up<void*(std::size_t)>(library, Library::malloc);
    release_ = look_up<void(void*)>(library, Library::free);
  }
  void* get() noexcept { return allocate_(size_); }
  void put(void* item) noexcept { release_(item); }

 private:
  inline static void* library = nullptr;
  inline static void* (*allocate_)(std::size_t) = nullptr;
  inline static void (*release_)(void*) = nullptr;

  const std::size_t size_;
};

struct glibc {
  static constexpr const char *path = nullptr, *malloc = "malloc", *free = "free";
  static std::string version(void*) { return gnu_get_libc_version(); }
};
const enrolled glibcs{{"malloc", serve<malloc_of<glibc>>}};

#if defined(JEMALLOC_LIBRARY)
struct jemalloc {
  static constexpr const char *path = JEMALLOC_LIBRARY, *malloc = "malloc", *free = "free";
  static std::string version(void* library) {
    const char* text = "";
    std::size_t size = sizeof text;
    look_up<int(const char*, void*, std::size_t*, void*, std::size_t)>(library, "mallctl")(
        "version", &text, &size, nullptr, 0);
    return std::string(text).substr(0, std::string(text).find('-'));
  }
};
const enrolled jemallocs{{"jemalloc", serve<malloc_of<jemalloc>>}};
#endif

#if defined(TCMALLOC_LIBRARY)
struct tcmalloc {
  static constexpr const char *path = TCMALLOC_LIBRARY, *malloc = "tc_malloc", *free = "tc_free";
  static std::string version(void* library) {
    return look_up<const char*(int*, int*, const char**)>(library, "tc_version")(nullptr, nullptr,
                                                                                 nullptr);
  }
};
const enrolled tcmallocs{{"tcmalloc", serve<malloc_of<tcmalloc>>}};
#endif

#if defined(MIMALLOC_LIBRARY)
struct mimalloc {
  static constexpr const char *path = MIMALLOC_LIBRARY, *malloc = "mi_malloc", *free = "mi_free";
  static std::string version(void* library) {
    const int v = look_up<int()>(library, "mi_version")();  // 209 is 2.0.9
    return std::to_string(v / 100) + "." + std::to_string(v / 10 % 10) + "." +
           std::to_string(v % 10);
  }
};
const enrolled mimallocs{{"mimalloc", serve<malloc_of<mimalloc>>}};
#endif

#if defined(TBBMALLOC_LIBRARY)
struct tbb {
  static constexpr const char *path = TBBMALLOC_LIBRARY, *malloc = "scalable_malloc",
                              *free = "scalable_free";
  static std::string version(void*) { return TBB_VERSION_TEXT; }
};
const enrolled tbbs{{"tbb", serve<malloc_of<tbb>>}};
#endif

}
