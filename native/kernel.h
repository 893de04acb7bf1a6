// Point-wise work over one index space, with reductions at its end: what the compiler fuses into a single pass over memory.
#pragma once

#include "tensor.h"
#include "vector_math.h"

namespace residua {

// A term is a number read from memory, a constant, or an operation on earlier terms.
struct Term {
  enum class Kind { leaf, constant, operation };
  Kind kind;
  // Operation.
  Operation operation{};
  int operands[3] = {-1, -1, -1};
  // The constant, or the operation's parameter.
  float value = 0;
  // Leaf: position in `Kernel::leaves`.
  int leaf = -1;
};

// A tensor read or written at each point of the kernel's domain; strides are 0 where it does not vary.
struct Access {
  View view;
  Storage storage;
};

struct Store {
  int term;
  Access to;
};

enum class Reducer { sum, largest };

// Along reduced axes the strides of `to` are 0.
struct Reduction {
  int term;
  Reducer reducer;
  Access to;
};

struct Kernel {
  Shape domain;
  std::vector<Term> terms;
  std::vector<Access> leaves;
  std::vector<Store> stores;
  std::vector<Reduction> reductions;
  // Axes that all reductions of the kernel reduce.
  std::vector<bool> reduced;
};

}  // namespace residua
