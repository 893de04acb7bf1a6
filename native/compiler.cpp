#include "compiler.h"

#include <omp.h>

#include <stdexcept>

#include "kernel_step.h"
#include "lowering.h"
#include "numbers_step.h"

namespace residua {

std::unique_ptr<Program> compile(const Graph& graph, const CompileSettings& settings) {
  return std::make_unique<Program>(Compiler(graph, settings).lowerGraph());
}

std::size_t plannedBytes(const Graph& graph, const CompileSettings& settings) {
  return planMemory(Compiler(graph, settings).lowerGraph().buffers).bytes;
}

Layout layoutFor(const KernelDraft& draft, const Shape& shape) {
  return shape.size() >= 3 && draft.readsChannelsLast() ? Layout::channelsLast : Layout::plain;
}

Compiler::Compiler(const Graph& graph, const CompileSettings& settings)
    : graph_(graph), settings_(settings), analysis_(analyse(graph, settings.isHalf)), views_(graph.nodes.size()) {}

ProgramParts Compiler::lowerGraph() {
  omp_set_num_threads(settings_.threads);
  for (int id = 0; id < static_cast<int>(graph_.nodes.size()); id++) {
    if (node(id).isInput()) declareInput(id);
  }
  for (int id = 0; id < static_cast<int>(graph_.nodes.size()); id++) {
    if (!node(id).isInput() && !analysis_.isInlined[id]) lower(id);
    emitOutputs(id);
  }
  emitUpdates();
  markFixedSteps();
  findLifetimes(parts_.buffers, parts_.steps);
  return std::move(parts_);
}

void Compiler::declareInput(int id) {
  const Node& input = node(id);
  const View whole = allocate(input.shape, Layout::plain, Storage::f32);
  parts_.buffers[whole.buffer].isKept = true;
  const Port port{whole.buffer, elementCount(input.shape)};
  (input.isState ? parts_.states : parts_.inputs).emplace(input.name, port);
  setView(id, whole);
}

void Compiler::lower(int id) {
  const Lowering lowering = loweringOf(node(id).primitive);
  if (lowering == nullptr) throw std::runtime_error("no lowering of " + node(id).primitive);
  lowering(*this, id);
}

void Compiler::emitOutputs(int id) {
  for (const auto& [name, output] : graph_.outputs) {
    if (output != id) continue;
    const View whole = allocate(node(id).shape, Layout::plain, Storage::f32);
    parts_.buffers[whole.buffer].isKept = true;
    KernelDraft draft(node(id).shape);
    draft.store(term(draft, id), whole, Storage::f32);
    addKernel(draft);
    parts_.outputs.emplace(name, Port{whole.buffer, elementCount(whole.shape)});
  }
}

View Compiler::view(int id) {
  if (!views_[id]) {
    if (node(id).primitive != "fill") throw std::logic_error("a value without memory: " + node(id).primitive);
    KernelDraft draft(node(id).shape);
    const View whole = allocate(node(id).shape, Layout::plain, Storage::f32);
    draft.store(computed(draft, id), whole, Storage::f32);
    addKernel(draft);
    setView(id, whole);
  }
  return *views_[id];
}

View Compiler::dense(int id, Layout layout, Storage storage) {
  const View current = view(id);
  const Shape strides = layout == Layout::plain ? plainStrides(current.shape) : channelsLastStrides(current.shape);
  if (storageOf(id) == storage && sameStrides(current.shape, current.strides, strides)) {
    View result = current;
    result.strides = strides;
    return result;
  }
  const auto key = std::make_tuple(id, layout, storage);
  const auto known = copies_.find(key);
  if (known != copies_.end()) return known->second;
  const View copy = allocate(current.shape, layout, storage);
  KernelDraft draft(current.shape);
  draft.store(term(draft, id), copy, storage);
  addKernel(draft);
  copies_.emplace(key, copy);
  return copy;
}

View Compiler::allocate(const Shape& shape, Layout layout, Storage storage) {
  View view{0, 0, shape, layout == Layout::plain ? plainStrides(shape) : channelsLastStrides(shape)};
  view.buffer = allocateBytes(static_cast<std::size_t>(elementCount(shape)) * storageSize(storage));
  return view;
}

View Compiler::channelNumbers(Index count) {
  const View numbers = allocate({count}, Layout::plain, Storage::f32);
  add(std::make_unique<NumbersStep>(numbers.buffer, count));
  return numbers;
}

int Compiler::allocateBytes(std::size_t bytes) {
  parts_.buffers.push_back({bytes});
  return static_cast<int>(parts_.buffers.size()) - 1;
}

void Compiler::add(std::unique_ptr<Step> step) { parts_.steps.push_back(std::move(step)); }

void Compiler::addKernel(KernelDraft& draft) { add(std::make_unique<KernelStep>(draft.take())); }

void Compiler::addLibrary(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
                          const std::string& label, LibraryStep::Kind kind, std::vector<Argument> arguments) {
  const std::size_t bytes = scratchpad.get_size();
  if (bytes > 0) arguments.push_back({DNNL_ARG_SCRATCHPAD, allocateBytes(bytes), 0, scratchpad, true});
  add(std::make_unique<LibraryStep>(primitive, label, kind, std::move(arguments)));
}

Argument Compiler::argument(int key, const View& view, Storage storage, const dnnl::memory::desc& description,
                            bool isWritten) const {
  return {key, view.buffer, static_cast<std::size_t>(view.offset) * storageSize(storage), description, isWritten};
}

// States change together at the end of a run: what is written to the place of one at once is what nothing reads afterwards.
void Compiler::emitUpdates() {
  std::map<std::string, View> states;
  for (int id = 0; id < static_cast<int>(graph_.nodes.size()); id++) {
    if (node(id).isState) states.emplace(node(id).name, *views_[id]);
  }
  std::vector<std::pair<View, View>> late;  // value, state
  for (const auto& [name, id] : graph_.updates) {
    const View value = view(id), state = states.at(name);
    if (value.buffer == state.buffer || !parts_.buffers[value.buffer].isKept) continue;
    // The value is that of another state, which may be given a new one.
    const View copy = allocate(node(id).shape, Layout::plain, Storage::f32);
    KernelDraft draft(node(id).shape);
    draft.store(draft.leaf(value, Storage::f32), copy, Storage::f32);
    addKernel(draft);
    late.emplace_back(copy, state);
  }
  for (const auto& [name, id] : graph_.updates) {
    const View value = view(id), state = states.at(name);
    if (parts_.buffers[value.buffer].isKept || updateInPlace(value, state.buffer)) continue;
    late.emplace_back(value, state);
  }
  for (const auto& [value, state] : late) {
    KernelDraft draft(state.shape);
    draft.store(draft.leaf(value, Storage::f32), state, Storage::f32);
    addKernel(draft);
  }
}

bool Compiler::updateInPlace(const View& value, int state) {
  const Buffer& buffer = parts_.buffers[value.buffer];
  if (buffer.isKept || buffer.sameAs >= 0 || buffer.bytes != parts_.buffers[state].bytes) return false;
  if (value.offset != 0 || !sameStrides(value.shape, value.strides, plainStrides(value.shape))) return false;
  int writer = -1;
  int writers = 0;
  for (std::size_t i = 0; i < parts_.steps.size(); i++) {
    for (int written : parts_.steps[i]->writes()) {
      if (written == value.buffer) {
        writer = static_cast<int>(i);
        writers++;
      }
    }
  }
  if (writers != 1) return false;
  const auto* kernel = dynamic_cast<const KernelStep*>(parts_.steps[writer].get());
  if (kernel == nullptr || !kernel->kernel().reductions.empty()) return false;
  for (std::size_t i = 0; i < parts_.steps.size(); i++) {
    for (int read : parts_.steps[i]->reads()) {
      if (read == state && static_cast<int>(i) > writer) return false;
    }
  }
  const Kernel& work = kernel->kernel();
  for (const auto& leaf : work.leaves) {
    if (leaf.view.buffer != state) continue;
    if (leaf.view.offset != 0 || !sameStrides(work.domain, leaf.view.strides, plainStrides(work.domain))) return false;
  }
  if (elementCount(work.domain) != elementCount(value.shape)) return false;
  parts_.buffers[value.buffer].sameAs = state;
  return true;
}

void Compiler::markFixedSteps() {
  std::vector<bool> isFixed(parts_.buffers.size(), false);
  for (const auto& [name, port] : parts_.states) isFixed[port.buffer] = true;
  const auto isUpdated = [&](const std::string& name) {
    for (const auto& [updated, id] : graph_.updates) {
      if (updated == name) return true;
    }
    return false;
  };
  for (const auto& [name, port] : parts_.states) {
    if (isUpdated(name)) isFixed[port.buffer] = false;
  }
  std::vector<bool> isWrittenByOthers(parts_.buffers.size(), false);
  parts_.isFixed.assign(parts_.steps.size(), false);
  for (std::size_t i = 0; i < parts_.steps.size(); i++) {
    bool depends = false;
    for (int buffer : parts_.steps[i]->reads()) depends = depends || !isFixed[buffer];
    for (int buffer : parts_.steps[i]->writes()) {
      depends = depends || parts_.buffers[buffer].sameAs >= 0 || isWrittenByOthers[buffer];
    }
    parts_.isFixed[i] = !depends;
    for (int buffer : parts_.steps[i]->writes()) {
      isFixed[buffer] = !depends;
      if (depends) isWrittenByOthers[buffer] = true;
      else parts_.buffers[buffer].isKept = true;
    }
  }
}

}  // namespace residua
