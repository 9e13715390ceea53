// The one generic call: checks what JavaScript says about tensors against what is really there, and queues
// the job.
#include <algorithm>

#include "../core/registry.h"
#include "description.h"
#include "environment.h"

namespace lb {
namespace {

size_t bytes_of(const lb_view& view) {
  size_t bytes;
  if (__builtin_mul_overflow(static_cast<size_t>(view.count), dtype_size(view.dtype), &bytes)) {
    throw BindingError("run: expected a tensor that fits in memory, received one that overflows");
  }
  return bytes;
}

// A strided kernel sees every input in the shape of the first output, with stride 0 along broadcast axes.
void expand(lb_view& view, const lb_view& output) {
  if (view.rank < 0) return;
  lb_view wide = output;
  wide.data = view.data;
  wide.dtype = view.dtype;
  for (int axis = 0; axis < output.rank; ++axis) {
    const int own = axis - (output.rank - view.rank);
    const bool stretched = own < 0 || view.shape[own] == 1;
    if (!stretched && view.shape[own] != output.shape[axis]) {
      throw BindingError("run: expected an input that broadcasts to the output, received another size");
    }
    wide.strides[axis] = stretched ? 0 : view.strides[own];
  }
  if (view.rank > output.rank)
    throw BindingError("run: expected an input of at most the output's rank, received more");
  view = wide;
}

// A call under construction: in the ring's next job, which counts only once it is submitted.
struct Call {
  Environment& environment;
  const ResolvedKernel& kernel;
  Job& job;
  std::vector<Placement>& placements;

  int device() const { return kernel.record->device; }
};

void read_input(Call& call, Reader& reader, napi_value value) {
  const int rank = reader.integer(-1, LANDBRIDGE_MAX_RANK);
  lb_view& view = call.job.inputs.emplace_back(kAbsentView);
  if (rank < 0) {
    call.job.input_blocks.push_back(nullptr);
    return;
  }
  reader.view(rank, view);
  Handle& handle = handle_of(call.environment, value);
  if (handle.device != call.device()) {
    throw BindingError(call.kernel.op + ": expected tensors on " + device_name(call.device()) +
                       ", received one on " + device_name(handle.device));
  }
  if (bytes_of(view) > handle.bytes) {
    throw BindingError(call.kernel.op + ": expected input " + std::to_string(call.job.inputs.size() - 1) +
                       " to hold " + std::to_string(bytes_of(view)) + " bytes, received " +
                       std::to_string(handle.bytes));
  }
  view.data = handle.block->data;
  call.job.input_blocks.push_back(handle.block);
}

void read_output(Call& call, Reader& reader) {
  const int mode = reader.integer(kAbsent, static_cast<int>(call.job.inputs.size()) - 1);
  const bool exclusive = reader.integer(0, 1) == 1;
  lb_view& view = call.job.outputs.emplace_back(kAbsentView);
  call.job.in_place.push_back(mode);
  call.placements.push_back({exclusive, false});
  if (mode == kAbsent) return;
  reader.view(reader.integer(0, LANDBRIDGE_MAX_RANK), view);
  call.job.bytes += bytes_of(view);
  if (mode < 0) return;
  if (call.job.input_blocks[mode] == nullptr || bytes_of(view) != bytes_of(call.job.inputs[mode]))
    throw BindingError(call.kernel.op + ": expected an in-place output to have its input's size");
}

// Who else in this call uses a block that an output wants to overwrite. Built once per call that has such
// outputs: an optimiser's step has thousands of operands.
class Sharing {
 public:
  explicit Sharing(const Job& job) : job_(job) {
    if (std::none_of(job.in_place.begin(), job.in_place.end(), [](int mode) { return mode >= 0; })) return;
    for (const Block* block : job.input_blocks) {
      if (block != nullptr) read_.push_back(block);
    }
    std::sort(read_.begin(), read_.end(), std::less<const Block*>());
    written_.resize(job.inputs.size());
    for (const int mode : job.in_place) {
      if (mode >= 0) ++written_[mode];
    }
  }

  // No other operand of this call may share the block.
  bool may_overwrite(int mode) const {
    if (written_[mode] > 1) return false;
    const Block* block = job_.input_blocks[mode];
    const auto [first, last] = std::equal_range(read_.begin(), read_.end(), block, std::less<const Block*>());
    return last - first == 1;
  }

 private:
  const Job& job_;
  std::vector<const Block*> read_;  // the blocks of all inputs, sorted
  std::vector<int> written_;        // per input: how many outputs replace it
};

// Where output i goes: nowhere, over its input's value (when the caller is that value's one holder), or to a
// fresh block.
Block* place(Call& call, const Sharing& sharing, size_t i) {
  const int mode = call.job.in_place[i];
  Placement& output = call.placements[i];
  if (mode == kAbsent) return nullptr;
  if (mode >= 0 && output.exclusive && sharing.may_overwrite(mode)) return call.job.input_blocks[mode];
  Block* block = call.environment.take_block(call.device(), bytes_of(call.job.outputs[i]), false);
  output.fresh = true;
  return block;
}

void place_outputs(Call& call) {
  Job& job = call.job;
  const Sharing sharing(job);
  try {
    for (size_t i = 0; i < job.outputs.size(); ++i) {
      Block* block = place(call, sharing, i);
      job.output_blocks.push_back(block);
      if (block != nullptr) job.outputs[i].data = block->data;
    }
  } catch (...) {
    Stream& stream = call.environment.stream(call.device());
    for (size_t i = 0; i < job.output_blocks.size(); ++i) {
      if (!call.placements[i].fresh) continue;
      call.environment.caches[call.device()]->give(job.output_blocks[i], stream.issued(), stream.completed());
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
    if (!call_.placements[i].fresh) return null();
    Block* block = call_.job.output_blocks[i];
    const size_t bytes = bytes_of(call_.job.outputs[i]);
    if (spare_ != end_ && environment.refill(*spare_, block, bytes, call_.device())) return *spare_++;
    return environment.wrap(block, bytes, call_.device(), false);
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

void read_call(Call& call, Reader& reader, const napi_value* values, int inputs) {
  const int outputs = reader.integer(1, 1 << 16), params = reader.integer(0, 1 << 16);
  call.placements.clear();
  for (int i = 0; i < inputs; ++i) read_input(call, reader, values[i]);
  for (int i = 0; i < outputs; ++i) read_output(call, reader);
  for (int i = 0; i < params; ++i) call.job.params.push_back(reader.next());
  if ((call.kernel.record->flags & LB_FLAG_strided) == 0) return;
  for (lb_view& view : call.job.inputs) expand(view, call.job.outputs[0]);
}

napi_value results_of(Call& call, Results results) {
  const size_t count = call.job.outputs.size();
  if (count == 1) return results.next();
  const napi_env env = call.environment.env;
  napi_value list;
  check(env, napi_create_array_with_length(env, count, &list));
  for (size_t i = 0; i < count; ++i) {
    check(env, napi_set_element(env, list, static_cast<uint32_t>(i), results.next()));
  }
  return list;
}

}  // namespace

// run(kernel, ...inputs, ...released handles to use again): one handle, or an array of them when there are
// several outputs.
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
  Call call{environment, kernel, job, environment.placements};
  Reader reader(environment.scratch);
  const int inputs = reader.integer(0, static_cast<int>(count) - 1);
  read_call(call, reader, values + 1, inputs);
  place_outputs(call);
  stream.submit();
  return results_of(call, Results(call, values + 1 + inputs, count - 1 - inputs));
}

}  // namespace lb
