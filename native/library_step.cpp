#include "library_step.h"

namespace residua {

const dnnl::engine& processor() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::primitive_attr plannedMemory() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::memory::data_type dataTypeOf(Storage storage) {
  switch (storage) {
    case Storage::bf16:
      return dnnl::memory::data_type::bf16;
    case Storage::i32:
      return dnnl::memory::data_type::s32;
    case Storage::bytes:
      return dnnl::memory::data_type::u8;
    case Storage::f32:
      break;
  }
  return dnnl::memory::data_type::f32;
}

dnnl::memory::desc describe(const View& view, Storage storage) {
  dnnl::memory::dims strides = view.strides;
  const Shape dense = plainStrides(view.shape);
  for (std::size_t axis = 0; axis < strides.size(); axis++) {
    // A stride along one element means nothing to us, but the library wants it positive.
    if (view.shape[axis] == 1 && strides[axis] == 0) strides[axis] = dense[axis];
  }
  return dnnl::memory::desc(view.shape, dataTypeOf(storage), strides);
}

LibraryStep::LibraryStep(dnnl::primitive primitive, std::string label, Kind kind, std::vector<Argument> arguments)
    : primitive_(std::move(primitive)), label_(std::move(label)), kind_(kind), arguments_(std::move(arguments)) {}

std::vector<int> LibraryStep::reads() const {
  std::vector<int> buffers;
  for (const auto& argument : arguments_) {
    if (!argument.isWritten) buffers.push_back(argument.buffer);
  }
  return buffers;
}

std::vector<int> LibraryStep::writes() const {
  std::vector<int> buffers;
  for (const auto& argument : arguments_) {
    if (argument.isWritten) buffers.push_back(argument.buffer);
  }
  return buffers;
}

void LibraryStep::bind(const Pointers& pointers) {
  memories_.clear();
  for (const auto& argument : arguments_) {
    std::byte* start = pointers.at(argument.buffer) + argument.byteOffset;
    memories_.emplace(argument.key, dnnl::memory(argument.description, processor(), start));
  }
}

void LibraryStep::run() {
  static thread_local dnnl::stream stream(processor());
  primitive_.execute(stream, memories_);
  stream.wait();
}

}  // namespace residua
