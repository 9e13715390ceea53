// Which instruction set the CPU kernels use, decided once per process.
#pragma once

namespace lb {

// The best level that this CPU has, capped by LANDBRIDGE_ISA=baseline|avx2|avx512.
int chosen_isa();
const char* isa_name(int isa);
// Comma-separated CPU features that matter to the kernels, for `landbridge doctor`.
const char* cpu_features();

}  // namespace lb
