// A graph as src/graph/graph.ts describes it, handed over once as plain data.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tensor.h"

namespace residua {

// Attributes of a primitive: each a number or a list of numbers.
using Attributes = std::map<std::string, std::vector<double>>;

struct Node {
  // Empty for an input or state.
  std::string primitive;
  // Empty for an operation.
  std::string name;
  bool isState = false;
  bool isInteger = false;
  Attributes attributes;
  std::vector<int> operands;
  Shape shape;

  bool isInput() const { return primitive.empty(); }
  double number(const char* attribute) const { return attributes.at(attribute).at(0); }
  Shape list(const char* attribute) const {
    const auto& values = attributes.at(attribute);
    return Shape(values.begin(), values.end());
  }
};

struct Graph {
  std::vector<Node> nodes;
  // Name and node of each output, and of each state that takes a new value at the end of a run.
  std::vector<std::pair<std::string, int>> outputs;
  std::vector<std::pair<std::string, int>> updates;
};

}  // namespace residua
