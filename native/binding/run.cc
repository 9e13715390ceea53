// The one generic call: checks what JavaScript says about tensors against what is really there, and queues
// the job.
#include <algorithm>

#include "../core/registry.h"
#include "description.h"
#include "environment.h"

namespace lb {
namespace {

size_t bytes_of(const Operand& operand) {
  size_t bytes;
  if (__builtin_mul_overflow(static_cast<size_t>(operand.count), dtype_size(operand.dtype), &bytes)) {
    throw BindingError("run: expected a tensor that fits in memory, received one that overflows");
  }
  return bytes;
}

// A strided kernel sees every input in the shape of the first output.
void check_broadcast(const Operand& input, const Operand& output) {
  if (input.rank > output.rank)
    throw BindingError("run: expected an input of at most the output's rank, received more");
  for (int axis = 0; axis < input.rank; ++axis) {
    if (input.shape[axis] != 1 && input.shape[axis] != output.shape[axis + output.rank - input.rank])
      throw BindingError("run: expected an input that broadcasts to the output, received another size");
  }
}

// A call under construction: in the ring's next job, which counts only once it is submitted.
struct Call {
  Environment& environment;
  const ResolvedKernel& kernel;
  Job& job;
  std::vector<Placement>& placements;  // per output

  int device() const { return kernel.record->device; }
  Operand& input(int i) const { return job.operands[i]; }
  Operand& output(size_t i) const { return job.operands[job.input_count + i]; }
};

Operand& add_operand(Call& call, int32_t replaces) {
  Operand& operand = call.job.operands.emplace_back();
  operand.block = nullptr;
  operand.count = 1;
  operand.rank = -1;
  operand.replaces = replaces;
  return operand;
}

void read_input(Call& call, Reader& reader, napi_value value, int i) {
  const int rank = reader.integer(-1, LANDBRIDGE_MAX_RANK);
  Operand& input = add_operand(call, kFresh);
  if (rank < 0) return;
  reader.tensor(rank, input);
  const Handle& handle = handle_of(call.environment, value);
  if (handle.device != call.device()) {
    throw BindingError(call.kernel.op + ": expected tensors on " + device_name(call.device()) +
                       ", received one on " + device_name(handle.device));
  }
  const size_t bytes = bytes_of(input);
  if (bytes > handle.bytes) {
    throw BindingError(call.kernel.op + ": expected input " + std::to_string(i) + " to hold " +
                       std::to_string(bytes) + " bytes, received " + std::to_string(handle.bytes));
  }
  input.block = handle.block;
}

void read_output(Call& call, Reader& reader) {
  const int mode = reader.integer(kAbsent, call.job.input_count - 1);
  const bool exclusive = reader.integer(0, 1) == 1;
  Operand& output = add_operand(call, mode);
  if (mode == kAbsent) {
    call.placements.push_back({0, exclusive, false});
    return;
  }
  reader.tensor(reader.integer(0, LANDBRIDGE_MAX_RANK), output);
  const size_t bytes = bytes_of(output);
  call.placements.push_back({bytes, exclusive, false});
  call.job.bytes += bytes;
  if (mode >= 0 && (call.input(mode).block == nullptr || bytes != bytes_of(call.input(mode))))
    throw BindingError(call.kernel.op + ": expected an in-place output to have its input's size");
}

// Who else in this call uses a block that an output wants to overwrite. Built once per call that has such
// outputs: an optimiser's step has thousands of operands.
class Sharing {
 public:
  explicit Sharing(const Call& call) : call_(call) {
    const auto replaces = [&](size_t i) { return call.output(i).replaces; };
    const size_t outputs = call.placements.size();
    size_t first = 0;
    while (first < outputs && replaces(first) < 0) ++first;
    if (first == outputs) return;
    for (int i = 0; i < call.job.input_count; ++i) {
      if (call.input(i).block != nullptr) read_.push_back(call.input(i).block);
    }
    std::sort(read_.begin(), read_.end(), std::less<const Block*>());
    written_.resize(call.job.input_count);
    for (size_t i = first; i < outputs; ++i) {
      if (replaces(i) >= 0) ++written_[replaces(i)];
    }
  }

  // No other operand of this call may share the block.
  bool may_overwrite(int input) const {
    if (written_[input] > 1) return false;
    const Block* block = call_.input(input).block;
    const auto [first, last] = std::equal_range(read_.begin(), read_.end(), block, std::less<const Block*>());
    return last - first == 1;
  }

 private:
  const Call& call_;
  std::vector<const Block*> read_;  // the blocks of all inputs, sorted
  std::vector<int> written_;        // per input: how many outputs replace it
};

// Where an output goes: nowhere, over its input's value (when the caller is that value's one holder), or to a
// fresh block.
void place(Call& call, const Sharing& sharing, size_t i) {
  Operand& output = call.output(i);
  Placement& placement = call.placements[i];
  if (output.replaces == kAbsent) return;
  if (output.replaces >= 0 && placement.exclusive && sharing.may_overwrite(output.replaces)) {
    output.block = call.input(output.replaces).block;
    return;
  }
  output.block = call.environment.take_block(call.device(), placement.bytes, false);
  placement.fresh = true;
}

void place_outputs(Call& call) {
  const Sharing sharing(call);
  const size_t outputs = call.placements.size();
  try {
    for (size_t i = 0; i < outputs; ++i) place(call, sharing, i);
  } catch (...) {
    const Stream& stream = call.environment.stream(call.device());
    BlockCache& cache = *call.environment.caches[call.device()];
    for (size_t i = 0; i < outputs; ++i) {
      if (call.placements[i].fresh) cache.give(call.output(i).block, stream.issued(), stream.completed());
    }
    throw;
  }
}

// The handles of fresh outputs: released ones that the caller passed, then new ones. An output written in
// place is null: the caller keeps the handle it has.
class Results {
 public:
  Results(Call& call, const napi_value* spares, size_t count)
      : call_(call), spare_(spares), end_(spares + count) {}

  napi_value next() {
    const size_t i = at_++;
    Environment& environment = call_.environment;
    const auto [bytes, exclusive, fresh] = call_.placements[i];
    if (!fresh) return null();
    Block* block = call_.output(i).block;
    if (spare_ != end_ && environment.refill(*spare_, block, bytes, call_.device())) return *spare_++;
    return environment.wrap(block, bytes, call_.device(), false);
  }

  // What has no handle yet: a worker may be terminated at any call of Node's.
  void give_back() {
    Environment& environment = call_.environment;
    const Stream& stream = environment.stream(call_.device());
    for (; at_ < call_.placements.size(); ++at_) {
      if (!call_.placements[at_].fresh) continue;
      environment.caches[call_.device()]->give(call_.output(at_).block, stream.issued(), stream.completed());
    }
  }

 private:
  napi_value null() const {
    napi_value value;
    check(call_.environment.env, napi_get_null(call_.environment.env, &value));
    return value;
  }

  Call& call_;
  const napi_value *spare_, *end_;
  size_t at_ = 0;
};

void read_call(Call& call, Reader& reader, const napi_value* values) {
  const int outputs = reader.integer(1, 1 << 16), params = reader.integer(0, 1 << 16);
  call.placements.clear();
  for (int i = 0; i < call.job.input_count; ++i) read_input(call, reader, values[i], i);
  for (int i = 0; i < outputs; ++i) read_output(call, reader);
  for (int i = 0; i < params; ++i) call.job.params.push_back(reader.next());
  if ((call.kernel.record->flags & LB_FLAG_strided) == 0) return;
  for (int i = 0; i < call.job.input_count; ++i) check_broadcast(call.input(i), call.output(0));
}

napi_value results_of(Call& call, Results results) {
  const size_t count = call.placements.size();
  const auto fresh = [](const Placement& placement) { return placement.fresh; };
  if (count == 1 || std::none_of(call.placements.begin(), call.placements.end(), fresh))
    return results.next();
  const napi_env env = call.environment.env;
  napi_value list;
  try {
    check(env, napi_create_array_with_length(env, count, &list));
    for (size_t i = 0; i < count; ++i)
      check(env, napi_set_element(env, list, static_cast<uint32_t>(i), results.next()));
  } catch (...) {
    results.give_back();
    throw;
  }
  return list;
}

}  // namespace

// run(kernel, ...inputs, ...released handles to use again): the handle of a fresh output; an array of them
// (null for others) when there are several outputs; null when none is fresh.
napi_value run(napi_env env, napi_callback_info info) {
  constexpr size_t kFew = 16;
  napi_value few[kFew];
  std::vector<napi_value> many;
  napi_value* values = few;
  size_t count = kFew;
  check(env, napi_get_cb_info(env, info, &count, few, nullptr, nullptr));
  if (count > kFew) {
    many.resize(count);
    values = many.data();
    check(env, napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
  }
  Environment& environment = environment_of(env);
  if (count < 1) throw BindingError("run: expected a kernel, received nothing");
  const ResolvedKernel& kernel = kernel_at(number_of(env, values[0]));
  Stream& stream = environment.stream(kernel.record->device);
  Job& job = stream.next_job();
  job.kind = Job::Kind::run;
  job.kernel = kernel.record;
  job.op = kernel.op.c_str();
  job.precision = environment.precision;
  Call call{environment, kernel, job, environment.placements};
  Reader reader(environment.scratch);
  job.input_count = reader.integer(0, static_cast<int>(count) - 1);
  read_call(call, reader, values + 1);
  place_outputs(call);
  stream.submit();
  return results_of(call, Results(call, values + 1 + job.input_count, count - 1 - job.input_count));
}

}  // namespace lb
