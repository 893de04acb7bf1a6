// What is decided about the values of a graph before it is lowered.
#pragma once

#include <optional>

#include "graph.h"
#include "vector_math.h"

namespace residua {

// The operation of a primitive that is one operation on its operands; others have lowerings of their own.
std::optional<Operation> plainOperation(const std::string& primitive);

// Whether a primitive is computed number by number, so that it can be a term of a kernel.
bool isPointwise(const std::string& primitive);

struct Use {
  int node;
  int position;
};

struct Analysis {
  // Which nodes use a value, and as which operand.
  std::vector<std::vector<Use>> uses;
  // Whether a value is computed anew, as terms, in each kernel that uses it, and has no memory of its own.
  std::vector<bool> isInlined;
  // What a value is stored as, if it is stored.
  std::vector<Storage> storage;
};

// `isHalf`: activations that convolutions and normalisations work on are stored as bf16.
Analysis analyse(const Graph& graph, bool isHalf);

}  // namespace residua
