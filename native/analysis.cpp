#include "analysis.h"

#include <set>

namespace residua {
namespace {

const std::map<std::string, Operation> kOperations = {
    {"add", Operation::add},
    {"subtract", Operation::subtract},
    {"multiply", Operation::multiply},
    {"divide", Operation::divide},
    {"maximum", Operation::maximum},
    {"greater", Operation::greater},
    {"exp", Operation::exp},
    {"log", Operation::log},
    {"sqrt", Operation::sqrt},
    {"sigmoid", Operation::sigmoid},
    {"leakyRelu", Operation::leakyRelu},
    {"leakyReluGrad", Operation::leakyReluGrad},
};

// Terms of a kernel beyond which a value gets memory of its own.
constexpr int kMostTerms = 96;
// A value that several kernels use is computed in each where this costs few terms and reads no more than storing it would.
constexpr int kCheapTerms = 4;
constexpr int kCheapLeaves = 2;

// Whether the use can take the value as a term of its kernel.
bool absorbs(const Graph& graph, const Use& use, Index elements) {
  const Node& node = graph.nodes[use.node];
  const auto& primitive = node.primitive;
  if (primitive == "normalise") return use.position == 0;
  if (primitive == "normaliseInputGrad") return use.position == 0 || use.position == 4;
  if (primitive == "normaliseSums") return use.position == 0 || use.position == 2;
  if (primitive == "oneHot") return false;
  if (isPointwise(primitive)) return elementCount(node.shape) == elements;
  return primitive == "sum" || primitive == "max" || primitive == "concat" || primitive == "pad";
}

// Primitives whose result may be bf16 where what they work on is; sums, those over windows too, logarithms and quotients stay fp32.
const std::set<std::string> kKeepsHalf = {"add",    "subtract", "multiply",  "maximum",   "leakyRelu", "leakyReluGrad",
                                          "concat", "slice",    "pad",       "transpose", "reshape",   "broadcast",
                                          "repeat", "stopGradient"};
const std::set<std::string> kMakesHalf = {"conv", "convInputGrad", "normalise", "normaliseInputGrad"};

bool isActivation(const std::string& primitive, int position) {
  if (primitive == "conv" || primitive == "convInputGrad" || primitive == "moments") return position == 0;
  if (primitive == "convWeightGrad") return true;
  if (primitive == "normalise") return position == 0;
  if (primitive == "normaliseSums") return position == 0 || position == 2;
  if (primitive == "normaliseInputGrad") return position == 0 || position == 4;
  return false;
}

std::vector<bool> findHalf(const Graph& graph, const Analysis& analysis) {
  const auto& nodes = graph.nodes;
  std::vector<bool> can(nodes.size(), false), isWanted(nodes.size(), false);
  for (std::size_t id = 0; id < nodes.size(); id++) {
    const Node& node = nodes[id];
    if (node.shape.size() != 5 || node.isInteger || node.isInput()) continue;
    if (kMakesHalf.count(node.primitive) > 0) {
      can[id] = true;
    } else if (kKeepsHalf.count(node.primitive) > 0) {
      bool hasHalf = false, hasSingle = false;
      for (int operand : node.operands) {
        const bool isLarge = elementCount(nodes[operand].shape) == elementCount(node.shape);
        if (can[operand]) hasHalf = true;
        else if (isLarge || node.primitive == "concat") hasSingle = true;
      }
      can[id] = hasHalf && !hasSingle;
    }
  }
  for (std::size_t id = nodes.size(); id-- > 0;) {
    for (const auto& use : analysis.uses[id]) {
      const auto& primitive = nodes[use.node].primitive;
      if (isActivation(primitive, use.position)) isWanted[id] = true;
      if (kKeepsHalf.count(primitive) > 0 && isWanted[use.node] && can[use.node]) isWanted[id] = true;
    }
  }
  for (std::size_t id = 0; id < nodes.size(); id++) can[id] = can[id] && isWanted[id];
  return can;
}

}  // namespace

std::optional<Operation> plainOperation(const std::string& primitive) {
  const auto found = kOperations.find(primitive);
  if (found == kOperations.end()) return std::nullopt;
  return found->second;
}

bool isPointwise(const std::string& primitive) {
  return kOperations.count(primitive) > 0 || primitive == "normalise" || primitive == "normaliseInputGrad" ||
         primitive == "oneHot";
}

Analysis analyse(const Graph& graph, bool isHalf) {
  const auto& nodes = graph.nodes;
  Analysis analysis;
  analysis.uses.resize(nodes.size());
  analysis.isInlined.assign(nodes.size(), false);
  for (std::size_t id = 0; id < nodes.size(); id++) {
    for (std::size_t i = 0; i < nodes[id].operands.size(); i++) {
      analysis.uses[nodes[id].operands[i]].push_back({static_cast<int>(id), static_cast<int>(i)});
    }
  }
  std::vector<bool> leaves(nodes.size(), false);
  for (const auto& [name, id] : graph.outputs) leaves[id] = true;
  for (const auto& [name, id] : graph.updates) leaves[id] = true;

  std::vector<int> terms(nodes.size(), 1), reads(nodes.size(), 0);
  for (std::size_t id = 0; id < nodes.size(); id++) {
    const Node& node = nodes[id];
    if (!isPointwise(node.primitive)) continue;
    const Index elements = elementCount(node.shape);
    for (int operand : node.operands) {
      if (analysis.isInlined[operand]) {
        terms[id] += terms[operand];
        reads[id] += reads[operand];
      } else {
        terms[id] += 1;
        if (elementCount(nodes[operand].shape) == elements) reads[id] += 1;
      }
    }
    if (leaves[id] || terms[id] > kMostTerms) continue;
    bool canInline = true;
    for (const auto& use : analysis.uses[id]) canInline = canInline && absorbs(graph, use, elements);
    std::set<int> users;
    for (const auto& use : analysis.uses[id]) users.insert(use.node);
    const bool isCheap = terms[id] <= kCheapTerms + 2 && reads[id] <= kCheapLeaves;
    analysis.isInlined[id] = canInline && (users.size() == 1 || isCheap);
  }

  analysis.storage.assign(nodes.size(), Storage::f32);
  const std::vector<bool> half = isHalf ? findHalf(graph, analysis) : std::vector<bool>(nodes.size(), false);
  for (std::size_t id = 0; id < nodes.size(); id++) {
    if (half[id]) analysis.storage[id] = Storage::bf16;
    if (nodes[id].isInteger) analysis.storage[id] = Storage::i32;
  }
  return analysis;
}

}  // namespace residua
