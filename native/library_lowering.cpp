// Primitives that oneDNN computes: the convolution family and matrix products.
#include "kernel_step.h"
#include "lowering.h"
#include "onednn_versions.h"
#include "winograd_step.h"

namespace residua {
namespace {

using Description = dnnl::memory::desc;

// Sizes of a convolution, whichever of its three tensors is the result.
using winograd::Sizes;

Description channelsLast(const Shape& shape, Storage storage) {
  return describe(View{0, 0, shape, channelsLastStrides(shape)}, storage);
}

Description anyLayout(const Shape& shape, Storage storage) {
  return Description(shape, dataTypeOf(storage), dnnl::memory::format_tag::any);
}

onednn::ConvolutionShape convolutionShape(const Sizes& sizes, Storage x, Storage w, Storage y) {
  return {channelsLast(sizes.x, x), anyLayout(sizes.w, w), channelsLast(sizes.y, y), sizes.stride, sizes.padding};
}

// A view in another description: the library's own layouts have no strides of ours.
int reorder(Compiler& compiler, int buffer, const Description& from, const Description& to) {
  if (from == to) return buffer;
  const dnnl::reorder::primitive_desc description(processor(), from, processor(), to, plannedMemory());
  const int result = compiler.allocateBytes(to.get_size());
  compiler.addLibrary(dnnl::reorder(description), description.scratchpad_desc(), "reorder", LibraryStep::Kind::other,
                      {{DNNL_ARG_FROM, buffer, 0, from, false}, {DNNL_ARG_TO, result, 0, to, true}});
  return result;
}

// The weights in the layout that a primitive asks for.
Argument weights(Compiler& compiler, int id, const Description& wanted) {
  const View plain = compiler.dense(id, Layout::plain, Storage::f32);
  if (plain.offset != 0) {
    const View copy = compiler.allocate(plain.shape, Layout::plain, Storage::f32);
    KernelDraft draft(plain.shape);
    draft.store(draft.leaf(plain, Storage::f32), copy, Storage::f32);
    compiler.addKernel(draft);
    return {DNNL_ARG_WEIGHTS, reorder(compiler, copy.buffer, describe(copy, Storage::f32), wanted), 0, wanted, false};
  }
  return {DNNL_ARG_WEIGHTS, reorder(compiler, plain.buffer, describe(plain, Storage::f32), wanted), 0, wanted, false};
}

Storage activations(const Compiler& compiler) { return compiler.isHalf() ? Storage::bf16 : Storage::f32; }

// A convolution or an input gradient by Winograd's algorithm.
void addWinograd(Compiler& compiler, const winograd::Kernels& kernels, int id, const char* label, bool isInputGradient) {
  const int operand = compiler.node(id).operands[0], w = compiler.node(id).operands[1];
  const Storage storage = activations(compiler), made = compiler.storageOf(id);
  const View x = compiler.dense(operand, Layout::channelsLast, storage);
  const View weight = compiler.dense(w, Layout::plain, Storage::f32);
  const int transformed = compiler.allocateBytes(static_cast<std::size_t>(winograd::kPositions) *
                                                 static_cast<std::size_t>(weight.shape[0] * weight.shape[1]) *
                                                 storageSize(storage));
  compiler.add(std::make_unique<WinogradWeightsStep>(kernels, weight, isInputGradient, transformed));
  const View result = compiler.allocate(compiler.node(id).shape, Layout::channelsLast, made);
  compiler.add(std::make_unique<WinogradConvolutionStep>(kernels, label, Access{x, storage}, transformed,
                                                         Access{result, made}));
  compiler.setView(id, result);
}

}  // namespace

void lowerConvolution(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const int x = node.operands[0], w = node.operands[1];
  const Sizes sizes{compiler.node(x).shape, compiler.node(w).shape, node.shape, node.list("stride"),
                    node.list("padding")};
  const Storage storage = activations(compiler), made = compiler.storageOf(id);
  if (const auto* kernels = winograd::choose(sizes, storage)) {
    return addWinograd(compiler, *kernels, id, "conv winograd", false);
  }
  const auto description =
      onednn::forward(processor(), convolutionShape(sizes, storage, storage, made), plannedMemory());
  const View input = compiler.dense(x, Layout::channelsLast, storage);
  const Argument weight = weights(compiler, w, description.weights_desc());
  const View result = compiler.allocate(node.shape, Layout::channelsLast, made);
  compiler.addLibrary(dnnl::convolution_forward(description), description.scratchpad_desc(),
                      std::string("conv ") + description.impl_info_str(), LibraryStep::Kind::convolution,
                      {compiler.argument(DNNL_ARG_SRC, input, storage, description.src_desc()), weight,
                       compiler.argument(DNNL_ARG_DST, result, made, description.dst_desc(), true)});
  compiler.setView(id, result);
}

void lowerConvolutionInputGradient(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const int dy = node.operands[0], w = node.operands[1];
  const Sizes sizes{node.shape, compiler.node(w).shape, compiler.node(dy).shape, node.list("stride"),
                    node.list("padding")};
  const Storage storage = activations(compiler), made = compiler.storageOf(id);
  if (const auto* kernels = winograd::choose(sizes, storage)) {
    return addWinograd(compiler, *kernels, id, "convInputGrad winograd", true);
  }
  const auto hint = onednn::forward(processor(), convolutionShape(sizes, storage, storage, storage), plannedMemory());
  const auto description =
      onednn::inputGradient(processor(), convolutionShape(sizes, made, storage, storage), plannedMemory(), hint);
  const View gradient = compiler.dense(dy, Layout::channelsLast, storage);
  const Argument weight = weights(compiler, w, description.weights_desc());
  const View result = compiler.allocate(node.shape, Layout::channelsLast, made);
  compiler.addLibrary(dnnl::convolution_backward_data(description), description.scratchpad_desc(),
                      std::string("convInputGrad ") + description.impl_info_str(), LibraryStep::Kind::convolution,
                      {compiler.argument(DNNL_ARG_DIFF_DST, gradient, storage, description.diff_dst_desc()), weight,
                       compiler.argument(DNNL_ARG_DIFF_SRC, result, made, description.diff_src_desc(), true)});
  compiler.setView(id, result);
}

void lowerConvolutionWeightGradient(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const int x = node.operands[0], dy = node.operands[1];
  const Sizes sizes{compiler.node(x).shape, node.shape, compiler.node(dy).shape, node.list("stride"),
                    node.list("padding")};
  const Storage storage = activations(compiler);
  const View input = compiler.dense(x, Layout::channelsLast, storage);
  const View gradient = compiler.dense(dy, Layout::channelsLast, storage);
  if (const auto* kernels = winograd::choose(sizes, storage)) {
    const Access from{input, storage}, change{gradient, storage};
    const int sums = compiler.allocateBytes(WinogradWeightGradientStep::sumsBytes(from, change));
    const View result = compiler.allocate(node.shape, Layout::plain, Storage::f32);
    compiler.add(std::make_unique<WinogradWeightGradientStep>(*kernels, from, change, sums, result));
    return compiler.setView(id, result);
  }
  const auto hint = onednn::forward(processor(), convolutionShape(sizes, storage, storage, storage), plannedMemory());
  const auto description = onednn::weightGradient(
      processor(), convolutionShape(sizes, storage, Storage::f32, storage), plannedMemory(), hint);
  const Description made = description.diff_weights_desc();
  const int buffer = compiler.allocateBytes(made.get_size());
  compiler.addLibrary(dnnl::convolution_backward_weights(description), description.scratchpad_desc(),
                      std::string("convWeightGrad ") + description.impl_info_str(), LibraryStep::Kind::convolution,
                      {compiler.argument(DNNL_ARG_SRC, input, storage, description.src_desc()),
                       compiler.argument(DNNL_ARG_DIFF_DST, gradient, storage, description.diff_dst_desc()),
                       {DNNL_ARG_DIFF_WEIGHTS, buffer, 0, made, true}});
  View plain{0, 0, node.shape, plainStrides(node.shape)};
  plain.buffer = reorder(compiler, buffer, made, describe(plain, Storage::f32));
  compiler.setView(id, plain);
}

// a [.., M, K] · b [.., K, N] with the leading axes as one.
void lowerProduct(Compiler& compiler, int id) {
  const Node& node = compiler.node(id);
  const auto asBatch = [&](int operand) {
    const Shape& shape = compiler.node(operand).shape;
    const Index rows = shape[shape.size() - 2], columns = shape[shape.size() - 1];
    const Shape flat = {elementCount(shape) / (rows * columns), rows, columns};
    // Either of the last two axes may be the dense one.
    const auto direct = reshaped(compiler.view(operand), flat);
    if (direct && compiler.storageOf(operand) == Storage::f32) {
      Shape swapped = plainStrides({flat[0], flat[2], flat[1]});
      std::swap(swapped[1], swapped[2]);
      for (const Shape& strides : {plainStrides(flat), swapped}) {
        if (sameStrides(flat, direct->strides, strides)) return View{direct->buffer, direct->offset, flat, strides};
      }
    }
    return *reshaped(compiler.dense(operand, Layout::plain, Storage::f32), flat);
  };
  const View a = asBatch(node.operands[0]), b = asBatch(node.operands[1]);
  const View result = compiler.allocate(node.shape, Layout::plain, Storage::f32);
  const View flat{result.buffer, 0, {a.shape[0], a.shape[1], b.shape[2]},
                  plainStrides({a.shape[0], a.shape[1], b.shape[2]})};
  const auto description = onednn::product(processor(), describe(a, Storage::f32), describe(b, Storage::f32),
                                           describe(flat, Storage::f32), plannedMemory());
  compiler.addLibrary(dnnl::matmul(description), description.scratchpad_desc(), "matmul", LibraryStep::Kind::other,
                      {compiler.argument(DNNL_ARG_SRC, a, Storage::f32, description.src_desc()),
                       compiler.argument(DNNL_ARG_WEIGHTS, b, Storage::f32, description.weights_desc()),
                       compiler.argument(DNNL_ARG_DST, flat, Storage::f32, description.dst_desc(), true)});
  compiler.setView(id, result);
}

}  // namespace residua
