// The matrix product of the chosen instruction set, as lb_host offers it.
#pragma once

#include "landbridge/kernel.h"

namespace lb {
void host_gemm(lb_call* call, const lb_gemm* product);
}
