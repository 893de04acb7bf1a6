#include "lowering.h"

#include "kernel_step.h"
#include "moments_step.h"

namespace residua {
namespace {

void lowerPointwise(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  KernelDraft draft(node.shape);
  const int term = compiler.computed(draft, id);
  const View result = compiler.allocate(node.shape, layoutFor(draft, node.shape), compiler.storageOf(id));
  draft.store(term, result, compiler.storageOf(id));
  compiler.addKernel(draft);
  compiler.setView(id, result);
}

// Constants get memory only where something needs them there.
void lowerFill(Compiler&, int) {}

void lowerSame(Compiler& compiler, int id) { compiler.setView(id, compiler.view(compiler.node(id).operands[0])); }

void lowerReshape(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const int operand = node.operands[0];
  auto result = reshaped(compiler.view(operand), node.shape);
  if (!result) result = reshaped(compiler.dense(operand, Layout::plain, compiler.storageOf(operand)), node.shape);
  compiler.setView(id, *result);
}

void lowerTranspose(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  compiler.setView(id, permuted(compiler.view(node.operands[0]), node.list("order")));
}

void lowerBroadcast(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  compiler.setView(id, broadcastTo(compiler.view(node.operands[0]), node.shape));
}

void lowerSlice(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  compiler.setView(id, sliced(compiler.view(node.operands[0]), node.list("start"), node.list("stop")));
}

// Whole numbers are copied as they are.
Storage copyStorage(const Compiler& compiler, int id) {
  return compiler.storageOf(id) == Storage::i32 ? Storage::f32 : compiler.storageOf(id);
}

void lowerPad(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const Node& inner = compiler.node(node.operands[0]);
  KernelDraft copy(inner.shape);
  const int term = compiler.term(copy, node.operands[0]);
  const View whole = compiler.allocate(node.shape, layoutFor(copy, node.shape), compiler.storageOf(id));
  KernelDraft zeros(node.shape);
  zeros.store(zeros.constant(0.0f), whole, compiler.storageOf(id));
  compiler.addKernel(zeros);
  const Shape start = node.list("before");
  Shape stop = start;
  for (std::size_t axis = 0; axis < stop.size(); axis++) stop[axis] += inner.shape[axis];
  copy.store(term, sliced(whole, start, stop), compiler.storageOf(id));
  compiler.addKernel(copy);
  compiler.setView(id, whole);
}

void lowerConcat(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const auto axis = static_cast<std::size_t>(node.number("axis"));
  std::vector<KernelDraft> drafts;
  std::vector<int> terms;
  Layout layout = Layout::plain;
  for (int part : node.operands) {
    drafts.emplace_back(compiler.node(part).shape);
    terms.push_back(compiler.term(drafts.back(), part));
    if (layoutFor(drafts.back(), node.shape) == Layout::channelsLast) layout = Layout::channelsLast;
  }
  const View whole = compiler.allocate(node.shape, layout, compiler.storageOf(id));
  Shape start(node.shape.size(), 0), stop = node.shape;
  for (std::size_t i = 0; i < drafts.size(); i++) {
    stop[axis] = start[axis] + drafts[i].domain()[axis];
    drafts[i].store(terms[i], sliced(whole, start, stop), copyStorage(compiler, id));
    compiler.addKernel(drafts[i]);
    start[axis] = stop[axis];
  }
  compiler.setView(id, whole);
}

void lowerReduction(Compiler& compiler, int id, Reducer reducer) {
  const Node& node = compiler.node(id);
  KernelDraft draft(compiler.node(node.operands[0]).shape);
  const int term = compiler.term(draft, node.operands[0]);
  const View result = compiler.allocate(node.shape, layoutFor(draft, node.shape), Storage::f32);
  draft.reduce(term, reducer, node.list("axes"), result);
  compiler.addKernel(draft);
  compiler.setView(id, result);
}

void lowerSum(Compiler& compiler, int id) { lowerReduction(compiler, id, Reducer::sum); }
void lowerMax(Compiler& compiler, int id) { lowerReduction(compiler, id, Reducer::largest); }

void lowerMoments(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const int x = node.operands[0];
  const View values = compiler.dense(x, Layout::channelsLast, compiler.storageOf(x));
  const View result = compiler.allocate(node.shape, Layout::plain, Storage::f32);
  const auto eps = static_cast<float>(node.number("eps"));
  compiler.add(std::make_unique<MomentsStep>(Access{values, compiler.storageOf(x)}, result, eps));
  compiler.setView(id, result);
}

// Σ dy and Σ dy·x̂ over the voxels, x̂ = (x − mean)·rstd.
void lowerNormaliseSums(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const Shape& shape = compiler.node(node.operands[0]).shape;
  KernelDraft draft(shape);
  const int x = compiler.term(draft, node.operands[0]);
  const int dy = compiler.term(draft, node.operands[2]);
  const View moments = compiler.view(node.operands[1]);
  const auto part = [&](const View& of, Index i) {
    View view{of.buffer, of.offset + i * of.strides[0], Shape(shape.size(), 1), Shape(shape.size(), 0)};
    view.shape[0] = of.shape[1];
    view.shape[1] = of.shape[2];
    view.strides[0] = of.strides[1];
    view.strides[1] = of.strides[2];
    return view;
  };
  const int centred = draft.operation(Operation::subtract, {x, draft.leaf(part(moments, 0), Storage::f32)});
  const int normal = draft.operation(Operation::multiply, {centred, draft.leaf(part(moments, 1), Storage::f32)});
  const View result = compiler.allocate(node.shape, Layout::plain, Storage::f32);
  Shape space;
  for (std::size_t axis = 2; axis < shape.size(); axis++) space.push_back(static_cast<Index>(axis));
  draft.reduce(dy, Reducer::sum, space, part(result, 0));
  draft.reduce(draft.operation(Operation::multiply, {dy, normal}), Reducer::sum, space, part(result, 1));
  compiler.addKernel(draft);
  compiler.setView(id, result);
}

// Window sizes per axis of [N, C, D, H, W].
Shape windowOf(const Shape& spatial) { return {1, 1, spatial[0], spatial[1], spatial[2]}; }

// A view of which each axis stands before an axis of repetitions, along which it does not vary.
View withRepetitions(const View& view, const Shape& times) {
  View result{view.buffer, view.offset, {}, {}};
  for (std::size_t axis = 0; axis < times.size(); axis++) {
    result.shape.insert(result.shape.end(), {view.shape[axis], times[axis]});
    result.strides.insert(result.strides.end(), {view.strides[axis], 0});
  }
  return result;
}

void lowerSumPool(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const int x = node.operands[0];
  const View windows = splitAxes(compiler.view(x), windowOf(node.list("window")));
  KernelDraft source(compiler.node(x).shape);
  compiler.term(source, x);
  const View result = compiler.allocate(node.shape, layoutFor(source, node.shape), Storage::f32);
  KernelDraft draft(windows.shape);
  View sums = withRepetitions(result, windowOf(node.list("window")));
  for (std::size_t axis = 1; axis < sums.shape.size(); axis += 2) sums.shape[axis] = 1;
  draft.reduce(draft.leaf(windows, compiler.storageOf(x)), Reducer::sum, {1, 3, 5, 7, 9}, sums);
  compiler.addKernel(draft);
  compiler.setView(id, result);
}

void lowerRepeat(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const int x = node.operands[0];
  const Shape times = windowOf(node.list("factor"));
  KernelDraft source(compiler.node(x).shape);
  compiler.term(source, x);
  const View result = compiler.allocate(node.shape, layoutFor(source, node.shape), compiler.storageOf(id));
  const View windows = splitAxes(result, times);
  KernelDraft draft(windows.shape);
  draft.store(draft.leaf(withRepetitions(compiler.view(x), times), compiler.storageOf(x)), windows,
              compiler.storageOf(id));
  compiler.addKernel(draft);
  compiler.setView(id, result);
}

const std::map<std::string, Lowering>& lowerings() {
  static const std::map<std::string, Lowering> table = {
      {"fill", lowerFill},
      {"add", lowerPointwise},
      {"subtract", lowerPointwise},
      {"multiply", lowerPointwise},
      {"divide", lowerPointwise},
      {"maximum", lowerPointwise},
      {"greater", lowerPointwise},
      {"exp", lowerPointwise},
      {"log", lowerPointwise},
      {"sqrt", lowerPointwise},
      {"sigmoid", lowerPointwise},
      {"leakyRelu", lowerPointwise},
      {"leakyReluGrad", lowerPointwise},
      {"stopGradient", lowerSame},
      {"sum", lowerSum},
      {"max", lowerMax},
      {"reshape", lowerReshape},
      {"transpose", lowerTranspose},
      {"broadcast", lowerBroadcast},
      {"slice", lowerSlice},
      {"pad", lowerPad},
      {"concat", lowerConcat},
      {"matmul", lowerProduct},
      {"conv", lowerConvolution},
      {"convInputGrad", lowerConvolutionInputGradient},
      {"convWeightGrad", lowerConvolutionWeightGradient},
      {"sumPool", lowerSumPool},
      {"repeat", lowerRepeat},
      {"moments", lowerMoments},
      {"normalise", lowerPointwise},
      {"normaliseSums", lowerNormaliseSums},
      {"normaliseInputGrad", lowerPointwise},
      {"oneHot", lowerPointwise},
  };
  return table;
}

}  // namespace

Lowering loweringOf(const std::string& primitive) {
  const auto found = lowerings().find(primitive);
  return found == lowerings().end() ? nullptr : found->second;
}

std::vector<std::string> loweredPrimitives() {
  std::vector<std::string> names;
  for (const auto& [name, lowering] : lowerings()) names.push_back(name);
  return names;
}

}  // namespace residua
