// A kernel under construction.
#pragma once

#include <initializer_list>
#include <map>

#include "kernel.h"

namespace residua {

class KernelDraft {
 public:
  explicit KernelDraft(Shape domain);

  const Shape& domain() const { return kernel_.domain; }
  // The number of a view, which is broadcast to the domain.
  int leaf(const View& view, Storage storage);
  int constant(float value);
  int operation(Operation operation, std::initializer_list<int> operands, float parameter = 0);

  void store(int term, const View& to, Storage storage);
  // Reduces along `axes` into a view that has the domain's axes, those of `axes` with one element.
  void reduce(int term, Reducer reducer, const Shape& axes, const View& to);

  // Whether something that varies over channels and voxels is read with the channels innermost.
  bool readsChannelsLast() const;
  void preferChannelsLast() { prefersChannelsLast_ = true; }

  // Terms of the graph's values that the kernel has already.
  std::map<int, int> known;

  Kernel take() { return std::move(kernel_); }

 private:
  Kernel kernel_;
  bool prefersChannelsLast_ = false;
};

}  // namespace residua
