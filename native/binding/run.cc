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

struct Output {
  lb_view view;
  int mode;
  bool exclusive;
};

// The job under construction, apart from the ring until nothing can fail any more.
struct Call {
  Environment& environment;
  const lb_kernel_record* kernel;
  const std::string& op;
  std::vector<Handle*> inputs;
  std::vector<lb_view> input_views;
  std::vector<Output> outputs;
  std::vector<double> params;
};

void read_inputs(Call& call, Reader& reader, const napi_value* values, int count) {
  for (int i = 0; i < count; ++i) {
    const int rank = reader.integer(-1, LANDBRIDGE_MAX_RANK);
    if (rank < 0) {
      call.inputs.push_back(nullptr);
      call.input_views.push_back(kAbsentView);
      continue;
    }
    lb_view view = reader.view(rank);
    Handle& handle = handle_of(call.environment, values[i]);
    if (handle.device != call.kernel->device) {
      throw BindingError(call.op + ": expected tensors on " + device_name(call.kernel->device) +
                         ", received one on " + device_name(handle.device));
    }
    if (bytes_of(view) > handle.bytes) {
      throw BindingError(call.op + ": expected input " + std::to_string(i) + " to hold " +
                         std::to_string(bytes_of(view)) + " bytes, received " + std::to_string(handle.bytes));
    }
    view.data = handle.block->data;
    call.inputs.push_back(&handle);
    call.input_views.push_back(view);
  }
}

void read_outputs(Call& call, Reader& reader, int count) {
  for (int i = 0; i < count; ++i) {
    const int mode = reader.integer(kAbsent, static_cast<int>(call.inputs.size()) - 1);
    const bool exclusive = reader.integer(0, 1) == 1;
    if (mode == kAbsent) {
      call.outputs.push_back({kAbsentView, mode, false});
      continue;
    }
    const lb_view view = reader.view(reader.integer(0, LANDBRIDGE_MAX_RANK));
    if (mode >= 0 && (call.inputs[mode] == nullptr || bytes_of(view) != bytes_of(call.input_views[mode]))) {
      throw BindingError(call.op + ": expected an in-place output to have its input's size");
    }
    call.outputs.push_back({view, mode, exclusive});
  }
}

// Who else in this call uses a block that an output wants to overwrite. Built once per call that has such
// outputs: an optimiser's step has thousands of operands.
class Sharing {
 public:
  explicit Sharing(const Call& call) : call_(call) {
    const auto in_place = [](const Output& output) { return output.mode >= 0; };
    if (std::none_of(call.outputs.begin(), call.outputs.end(), in_place)) return;
    for (const Handle* input : call.inputs) {
      if (input != nullptr) read_.push_back(input->block);
    }
    std::sort(read_.begin(), read_.end(), std::less<const Block*>());
    written_.resize(call.inputs.size());
    for (const Output& output : call.outputs) {
      if (output.mode >= 0) ++written_[output.mode];
    }
  }

  // In place only when the caller is the value's one holder and no other operand of this call shares the
  // block.
  bool may_overwrite(const Output& output) const {
    if (output.mode < 0 || !output.exclusive || written_[output.mode] > 1) return false;
    const Block* block = call_.inputs[output.mode]->block;
    const auto [first, last] = std::equal_range(read_.begin(), read_.end(), block, std::less<const Block*>());
    return last - first == 1;
  }

 private:
  const Call& call_;
  std::vector<const Block*> read_;  // the blocks of all inputs, sorted
  std::vector<int> written_;        // per input: how many outputs replace it
};

struct Placed {
  Block* block;
  bool fresh;
};

std::vector<Placed> place_outputs(Call& call) {
  const Sharing sharing(call);
  std::vector<Placed> placed;
  try {
    for (Output& output : call.outputs) {
      if (output.mode == kAbsent) {
        placed.push_back({nullptr, false});
        continue;
      }
      const bool fresh = !sharing.may_overwrite(output);
      Block* block = fresh ? call.environment.take_block(call.kernel->device, bytes_of(output.view), false)
                           : call.inputs[output.mode]->block;
      output.view.data = block->data;
      placed.push_back({block, fresh});
    }
  } catch (...) {
    const int device = call.kernel->device;
    Stream& stream = call.environment.stream(device);
    for (const Placed& each : placed) {
      if (each.fresh) call.environment.caches[device]->give(each.block, stream.issued(), stream.completed());
    }
    throw;
  }
  return placed;
}

void submit(Call& call, const std::vector<Placed>& placed) {
  Stream& stream = call.environment.stream(call.kernel->device);
  Job& job = stream.next_job();
  job.kind = Job::Kind::run;
  job.kernel = call.kernel;
  job.op = call.op.c_str();
  job.inputs.assign(call.input_views.begin(), call.input_views.end());
  for (const Handle* input : call.inputs) job.input_blocks.push_back(input ? input->block : nullptr);
  for (size_t i = 0; i < placed.size(); ++i) {
    job.outputs.push_back(call.outputs[i].view);
    job.output_blocks.push_back(placed[i].block);
    job.in_place.push_back(call.outputs[i].mode);
    if (placed[i].block != nullptr) job.bytes += bytes_of(call.outputs[i].view);
  }
  job.params.assign(call.params.begin(), call.params.end());
  stream.submit();
}

// A fresh output becomes a new handle; one written in place is null (the caller keeps the handle it has).
napi_value result_of(Call& call, const Placed& placed, const Output& output) {
  napi_value value;
  if (placed.fresh)
    return call.environment.wrap(placed.block, bytes_of(output.view), call.kernel->device, false);
  check(call.environment.env, napi_get_null(call.environment.env, &value));
  return value;
}

}  // namespace

// run(kernel, ...inputs): one handle, or an array of them when there are several outputs.
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
  const ResolvedKernel& resolved = kernel_at(number_of(env, values[0]));
  Call call{environment, resolved.record, resolved.op, {}, {}, {}, {}};
  Reader reader(environment.scratch);
  const int inputs = reader.integer(0, static_cast<int>(count) - 1);
  const int outputs = reader.integer(1, 1 << 16), params = reader.integer(0, 1 << 16);
  environment.stream(call.kernel->device);
  read_inputs(call, reader, values + 1, inputs);
  read_outputs(call, reader, outputs);
  for (int i = 0; i < params; ++i) call.params.push_back(reader.next());
  if ((call.kernel->flags & LB_FLAG_strided) != 0) {
    for (lb_view& view : call.input_views) expand(view, call.outputs[0].view);
  }
  const std::vector<Placed> placed = place_outputs(call);
  submit(call, placed);
  if (outputs == 1) return result_of(call, placed[0], call.outputs[0]);
  napi_value results;
  check(env, napi_create_array_with_length(env, placed.size(), &results));
  for (size_t i = 0; i < placed.size(); ++i) {
    check(env, napi_set_element(env, results, static_cast<uint32_t>(i),
                                result_of(call, placed[i], call.outputs[i])));
  }
  return results;
}

}  // namespace lb
