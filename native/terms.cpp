// Values of the graph as terms of kernels.
#include "compiler.h"

#include <stdexcept>

namespace residua {
namespace {

// Mean and 1/deviation of moments [2, N, C] as views [N, C, 1, …] that broadcast over x.
std::pair<View, View> splitMoments(const View& moments, const Shape& x) {
  View mean{moments.buffer, moments.offset, Shape(x.size(), 1), Shape(x.size(), 0)};
  mean.shape[0] = moments.shape[1];
  mean.shape[1] = moments.shape[2];
  mean.strides[0] = moments.strides[1];
  mean.strides[1] = moments.strides[2];
  View rstd = mean;
  rstd.offset += moments.strides[0];
  return {mean, rstd};
}

// A [C] tensor as [1, C, 1, …].
View perChannel(const View& values, const Shape& x) {
  View view{values.buffer, values.offset, Shape(x.size(), 1), Shape(x.size(), 0)};
  view.shape[1] = values.shape[0];
  view.strides[1] = values.strides[0];
  return view;
}

int normaliseTerm(Compiler& compiler, KernelDraft& draft, const Node& node) {
  const auto [mean, rstd] = splitMoments(compiler.view(node.operands[1]), node.shape);
  const int x = compiler.term(draft, node.operands[0]);
  const int scale = draft.leaf(perChannel(compiler.view(node.operands[2]), node.shape), Storage::f32);
  const int shift = draft.leaf(perChannel(compiler.view(node.operands[3]), node.shape), Storage::f32);
  const int slope = draft.operation(Operation::multiply, {draft.leaf(rstd, Storage::f32), scale});
  const int centred = draft.operation(Operation::subtract, {x, draft.leaf(mean, Storage::f32)});
  return draft.operation(Operation::multiplyAdd, {centred, slope, shift});
}

// dx = slope·dy − slope·Σdy/M − (x − mean)·slope·rstd·Σ(dy·x̂)/M with slope = rstd·scale, over M voxels (Ioffe & Szegedy 2015,
// section 3, per sample).
int inputGradientTerm(Compiler& compiler, KernelDraft& draft, const Node& node) {
  const auto [mean, rstdView] = splitMoments(compiler.view(node.operands[1]), node.shape);
  const auto [sumView, alongView] = splitMoments(compiler.view(node.operands[3]), node.shape);
  const Index voxels = elementCount(node.shape) / (node.shape[0] * node.shape[1]);
  const int x = compiler.term(draft, node.operands[0]);
  const int dy = compiler.term(draft, node.operands[4]);
  const int scale = draft.leaf(perChannel(compiler.view(node.operands[2]), node.shape), Storage::f32);
  const int rstd = draft.leaf(rstdView, Storage::f32);
  const int slope = draft.operation(Operation::multiply, {rstd, scale});
  const int share = draft.operation(Operation::multiply, {slope, draft.constant(-1.0f / static_cast<float>(voxels))});
  const int offset = draft.operation(Operation::multiply, {share, draft.leaf(sumView, Storage::f32)});
  const int along = draft.operation(Operation::multiply, {rstd, draft.leaf(alongView, Storage::f32)});
  const int tilt = draft.operation(Operation::multiply, {share, along});
  const int direct = draft.operation(Operation::multiplyAdd, {dy, slope, offset});
  const int centred = draft.operation(Operation::subtract, {x, draft.leaf(mean, Storage::f32)});
  return draft.operation(Operation::multiplyAdd, {centred, tilt, direct});
}

// 1 where the label is the number of the channel.
int oneHotTerm(Compiler& compiler, KernelDraft& draft, const Node& node) {
  draft.preferChannelsLast();
  const int label = draft.leaf(compiler.view(node.operands[0]), Storage::i32);
  const int number = draft.leaf(perChannel(compiler.channelNumbers(node.shape[1]), node.shape), Storage::f32);
  return draft.operation(Operation::equal, {label, number});
}

}  // namespace

int Compiler::term(KernelDraft& draft, int id) {
  const auto known = draft.known.find(id);
  if (known != draft.known.end()) return known->second;
  int result;
  if (views_[id]) {
    // Whole numbers that are only moved are moved as they are.
    const Storage storage = storageOf(id) == Storage::i32 ? Storage::f32 : storageOf(id);
    result = draft.leaf(*views_[id], storage);
  } else {
    result = computed(draft, id);
  }
  draft.known.emplace(id, result);
  return result;
}

int Compiler::computed(KernelDraft& draft, int id) {
  const Node& made = node(id);
  if (made.primitive == "fill") return draft.constant(static_cast<float>(made.number("value")));
  if (made.primitive == "normalise") return normaliseTerm(*this, draft, made);
  if (made.primitive == "normaliseInputGrad") return inputGradientTerm(*this, draft, made);
  if (made.primitive == "oneHot") return oneHotTerm(*this, draft, made);
  const auto operation = plainOperation(made.primitive);
  if (!operation) throw std::logic_error(made.primitive + " is no term of a kernel");
  const int a = term(draft, made.operands[0]);
  if (made.operands.size() == 2) {
    const int b = term(draft, made.operands[1]);
    const float slope = *operation == Operation::leakyReluGrad ? static_cast<float>(made.number("slope")) : 0.0f;
    return draft.operation(*operation, {a, b}, slope);
  }
  if (*operation != Operation::leakyRelu) return draft.operation(*operation, {a});
  const auto slope = static_cast<float>(made.number("slope"));
  // A slope of 0 must not turn an infinity into a NaN.
  if (slope == 0.0f) return draft.operation(Operation::maximum, {a, draft.constant(0.0f)});
  return draft.operation(Operation::leakyRelu, {a}, slope);
}

}  // namespace residua
