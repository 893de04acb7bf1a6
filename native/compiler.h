// Lowers a graph to a program.
#pragma once

#include <memory>
#include <tuple>

#include "analysis.h"
#include "kernel_draft.h"
#include "library_step.h"
#include "program.h"

namespace residua {

struct CompileSettings {
  // Threads that the program will run with: the library divides work, and plans memory, for as many.
  int threads = 1;
  // Activations as bf16, with fp32 sums, parameters and statistics.
  bool isHalf = false;
};

std::unique_ptr<Program> compile(const Graph& graph, const CompileSettings& settings);

// The memory that the program would take, without taking it.
std::size_t plannedBytes(const Graph& graph, const CompileSettings& settings);

enum class Layout { plain, channelsLast };

// What lowerings work with: the graph, and the program as far as it is made.
class Compiler {
 public:
  Compiler(const Graph& graph, const CompileSettings& settings);

  // Buffers and steps of the whole graph; called once.
  ProgramParts lowerGraph();

  const Node& node(int id) const { return graph_.nodes[id]; }
  Storage storageOf(int id) const { return analysis_.storage[id]; }
  bool isHalf() const { return settings_.isHalf; }

  // Where a value lies; a constant gets memory when this is first asked.
  View view(int id);
  // Where it lies densely in a layout and a storage; it is copied where it does not yet.
  View dense(int id, Layout layout, Storage storage);
  void setView(int id, View view) { views_[id] = std::move(view); }

  // Memory for a tensor.
  View allocate(const Shape& shape, Layout layout, Storage storage);
  // 0, 1, 2, … as a tensor of fp32.
  View channelNumbers(Index count);
  int allocateBytes(std::size_t bytes);

  // The value as a term of a kernel: read where it lies, or computed where it is inlined.
  int term(KernelDraft& draft, int id);
  // The operation that makes a value, with its operands as terms.
  int computed(KernelDraft& draft, int id);

  void add(std::unique_ptr<Step> step);
  void addKernel(KernelDraft& draft);
  // Adds a primitive of the library, with scratch memory from the plan.
  void addLibrary(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad, const std::string& label,
                  LibraryStep::Kind kind, std::vector<Argument> arguments);
  // The argument that a dense view is to a primitive.
  Argument argument(int key, const View& view, Storage storage, const dnnl::memory::desc& description,
                    bool isWritten = false) const;

 private:
  void declareInput(int id);
  void lower(int id);
  void emitOutputs(int id);
  void emitUpdates();
  bool updateInPlace(const View& value, int state);
  void markFixedSteps();

  const Graph& graph_;
  CompileSettings settings_;
  Analysis analysis_;
  ProgramParts parts_;
  std::vector<std::optional<View>> views_;
  std::map<std::tuple<int, Layout, Storage>, View> copies_;
};

// The layout for what a kernel makes: that of what it reads.
Layout layoutFor(const KernelDraft& draft, const Shape& shape);

}  // namespace residua
