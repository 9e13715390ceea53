// Settings by environment variables. One that cannot be used is told and ignored.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace lb {
namespace {

// Null where the variable is absent or empty.
inline const char* setting(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? text : nullptr;
}

inline void refuse_setting(const char* variable, const char* expected, const char* received) {
  std::fprintf(stderr, "landbridge: %s: expected %s, received %s; ignored\n", variable, expected, received);
}

}  // namespace
}  // namespace lb
