// Steps that oneDNN does: convolutions, products, changes of layout.
#pragma once

#include <dnnl.hpp>
#include <unordered_map>

#include "kernel.h"
#include "step.h"

namespace residua {

dnnl::memory::data_type dataTypeOf(Storage storage);

// The library's description of a view.
dnnl::memory::desc describe(const View& view, Storage storage);

// A buffer as one argument of a primitive.
struct Argument {
  int key;  // DNNL_ARG_…
  int buffer;
  std::size_t byteOffset;
  dnnl::memory::desc description;
  bool isWritten;
};

class LibraryStep final : public Step {
 public:
  enum class Kind { convolution, other };

  // The scratchpad, where the primitive wants one, is among the arguments.
  LibraryStep(dnnl::primitive primitive, std::string label, Kind kind, std::vector<Argument> arguments);

  std::string label() const override { return label_; }
  std::vector<int> reads() const override;
  std::vector<int> writes() const override;
  bool isConvolution() const override { return kind_ == Kind::convolution; }
  void bind(const Pointers& pointers) override;
  void run() override;

 private:
  dnnl::primitive primitive_;
  std::string label_;
  Kind kind_;
  std::vector<Argument> arguments_;
  std::unordered_map<int, dnnl::memory> memories_;
};

// The processor, of which there is one.
const dnnl::engine& processor();

// Attributes of all primitives: scratch memory comes from the program's plan.
dnnl::primitive_attr plannedMemory();

}  // namespace residua
