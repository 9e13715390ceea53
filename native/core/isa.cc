// Stands in a file of its own, compiled for the baseline and without link-time optimisation, so that the
// question "may I run AVX-512?" is never itself answered with AVX-512 code.
#include "isa.h"

#include <cstdio>
#include <cstring>

#include "landbridge/kernel.h"
#include "setting.h"

namespace lb {
namespace {

constexpr const char* kNames[] = {"baseline", "avx2", "avx512"};

int detected_isa() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return LB_ISA_avx512;
  if (avx2) return LB_ISA_avx2;
#endif
  return LB_ISA_baseline;
}

int capped_isa() {
  const int detected = detected_isa();
  const char* cap = setting("LANDBRIDGE_ISA");
  if (cap == nullptr) return detected;
  for (int isa = LB_ISA_baseline; isa <= LB_ISA_avx512; ++isa) {
    if (std::strcmp(cap, kNames[isa]) == 0) return isa < detected ? isa : detected;
  }
  refuse_setting("LANDBRIDGE_ISA", "baseline, avx2 or avx512", cap);
  return detected;
}

}  // namespace

int chosen_isa() {
  static const int isa = capped_isa();
  return isa;
}

const char* isa_name(int isa) {
  return kNames[isa];
}

const char* cpu_features() {
  static char text[128] = "";
#if defined(__x86_64__)
  if (text[0] == '\0') {
    __builtin_cpu_init();
    auto add = [](const char* name, bool has) {
      if (has)
        std::snprintf(text + std::strlen(text), sizeof(text) - std::strlen(text), "%s%s", *text ? "," : "",
                      name);
    };
    add("sse4.2", __builtin_cpu_supports("sse4.2"));
    add("avx", __builtin_cpu_supports("avx"));
    add("avx2", __builtin_cpu_supports("avx2"));
    add("fma", __builtin_cpu_supports("fma"));
    add("avx512f", __builtin_cpu_supports("avx512f"));
    add("avx512bw", __builtin_cpu_supports("avx512bw"));
    add("avx512dq", __builtin_cpu_supports("avx512dq"));
    add("avx512vl", __builtin_cpu_supports("avx512vl"));
  }
#elif defined(__aarch64__)
  std::snprintf(text, sizeof text, "neon");
#endif
  return text;
}

}  // namespace lb
