// Steps of convolutions by winograd.h.
#pragma once

#include "kernel.h"
#include "step.h"
#include "winograd_plan.h"

namespace residua {

// Transforms weights [outputs, inputs, 3, 3, 3], fp32 and row-major, for a convolution or, swapped and mirrored, its input gradient.
class WinogradWeightsStep final : public Step {
 public:
  WinogradWeightsStep(const winograd::Kernels& kernels, View weights, bool isForInputGradient, int to);

  std::string label() const override { return "winograd weights"; }
  std::vector<int> reads() const override { return {weights_.buffer}; }
  std::vector<int> writes() const override { return {to_}; }
  bool isConvolution() const override { return true; }
  void bind(const Pointers& pointers) override;
  void run() override;

 private:
  const winograd::Kernels& kernels_;
  View weights_;
  int to_;
  winograd::WeightTransform work_;
};

// A convolution, or with weights of that kind an input gradient; tensors are dense with the channels innermost.
class WinogradConvolutionStep final : public Step {
 public:
  WinogradConvolutionStep(const winograd::Kernels& kernels, std::string label, Access x, int weights, Access y);

  std::string label() const override { return label_; }
  std::vector<int> reads() const override { return {x_.view.buffer, weights_}; }
  std::vector<int> writes() const override { return {y_.view.buffer}; }
  bool isConvolution() const override { return true; }
  void bind(const Pointers& pointers) override;
  void run() override;

 private:
  const winograd::Kernels& kernels_;
  std::string label_;
  Access x_;
  int weights_;
  Access y_;
  winograd::Convolution work_;
};

// Σ over voxels of x ⊗ dy: the gradient of the weights, fp32 and row-major.
class WinogradWeightGradientStep final : public Step {
 public:
  // What the sums need, for the given tensors.
  static std::size_t sumsBytes(const Access& x, const Access& dy);

  WinogradWeightGradientStep(const winograd::Kernels& kernels, Access x, Access dy, int sums, View dw);

  std::string label() const override { return "convWeightGrad winograd"; }
  std::vector<int> reads() const override { return {x_.view.buffer, dy_.view.buffer}; }
  std::vector<int> writes() const override { return {sums_, dw_.buffer}; }
  bool isConvolution() const override { return true; }
  void bind(const Pointers& pointers) override;
  void run() override;

 private:
  const winograd::Kernels& kernels_;
  Access x_, dy_;
  int sums_;
  View dw_;
  winograd::WeightGradient work_;
};

}  // namespace residua
