#include "winograd_step.h"

#include <cstdlib>
#include <new>

namespace residua {
namespace {

std::byte* placeOf(const Pointers& pointers, const View& view, Storage storage) {
  return pointers.at(view.buffer) + view.offset * static_cast<Index>(storageSize(storage));
}

// Memory of one thread, kept until the thread ends.
class Scratch {
 public:
  ~Scratch() { std::free(data_); }
  void* ofSize(std::size_t bytes) {
    constexpr std::size_t kLine = 64;
    if (bytes > bytes_) {
      std::free(data_);
      bytes_ = (bytes + kLine - 1) / kLine * kLine;
      data_ = std::aligned_alloc(kLine, bytes_);
      if (data_ == nullptr) {
        bytes_ = 0;
        throw std::bad_alloc();
      }
    }
    return data_;
  }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

thread_local Scratch scratch;

}  // namespace

WinogradWeightsStep::WinogradWeightsStep(const winograd::Kernels& kernels, View weights, bool isForInputGradient, int to)
    : kernels_(kernels), weights_(std::move(weights)), to_(to) {
  const Index outputs = weights_.shape[0], inputs = weights_.shape[1], kernel = 27;
  work_ = {inputs, outputs, nullptr, kernel, inputs * kernel, false, nullptr};
  if (isForInputGradient) work_ = {outputs, inputs, nullptr, inputs * kernel, kernel, true, nullptr};
}

void WinogradWeightsStep::bind(const Pointers& pointers) {
  work_.weights = reinterpret_cast<const float*>(placeOf(pointers, weights_, Storage::f32));
  work_.to = pointers.at(to_);
}

void WinogradWeightsStep::run() {
  const Index blocks = winograd::weightBlocks(work_);
#pragma omp parallel for schedule(dynamic)
  for (Index block = 0; block < blocks; block++) kernels_.transformWeights(work_, block);
}

WinogradConvolutionStep::WinogradConvolutionStep(const winograd::Kernels& kernels, std::string label, Access x,
                                                 int weights, Access y)
    : kernels_(kernels), label_(std::move(label)), x_(std::move(x)), weights_(weights), y_(std::move(y)) {
  const auto geometry = winograd::geometryOf(x_.view.shape, y_.view.shape);
  const bool isWide = y_.storage == Storage::f32;
  work_ = {geometry, nullptr, nullptr, nullptr, isWide, winograd::convolutionBlock(geometry, x_.storage)};
}

void WinogradConvolutionStep::bind(const Pointers& pointers) {
  work_.x = placeOf(pointers, x_.view, x_.storage);
  work_.weights = pointers.at(weights_);
  work_.y = placeOf(pointers, y_.view, y_.storage);
}

void WinogradConvolutionStep::run() {
  const Index blocks = winograd::convolutionBlocks(work_);
  const std::size_t bytes = kernels_.convolutionScratch(work_);
#pragma omp parallel for schedule(dynamic)
  for (Index block = 0; block < blocks; block++) kernels_.convolve(work_, block, scratch.ofSize(bytes));
}

std::size_t WinogradWeightGradientStep::sumsBytes(const Access& x, const Access& dy) {
  winograd::WeightGradient work{};
  work.geometry = winograd::geometryOf(x.view.shape, dy.view.shape);
  winograd::planWeightGradient(work, x.storage);
  return winograd::weightGradientSums(work);
}

WinogradWeightGradientStep::WinogradWeightGradientStep(const winograd::Kernels& kernels, Access x, Access dy, int sums,
                                                       View dw)
    : kernels_(kernels), x_(std::move(x)), dy_(std::move(dy)), sums_(sums), dw_(std::move(dw)), work_{} {
  work_.geometry = winograd::geometryOf(x_.view.shape, dy_.view.shape);
  winograd::planWeightGradient(work_, x_.storage);
}

void WinogradWeightGradientStep::bind(const Pointers& pointers) {
  work_.x = placeOf(pointers, x_.view, x_.storage);
  work_.dy = placeOf(pointers, dy_.view, dy_.storage);
  work_.sums = reinterpret_cast<float*>(pointers.at(sums_));
  work_.dw = reinterpret_cast<float*>(placeOf(pointers, dw_, Storage::f32));
}

void WinogradWeightGradientStep::run() {
  const Index tasks = winograd::weightGradientTasks(work_), inputs = work_.geometry.inputs;
  const std::size_t bytes = kernels_.weightGradientScratch(work_);
  // A task sums its own tiles or positions in a fixed order, whichever thread does it.
#pragma omp parallel for schedule(dynamic)
  for (Index task = 0; task < tasks; task++) kernels_.sumWeightGradient(work_, task, scratch.ofSize(bytes));
#pragma omp parallel for schedule(static)
  for (Index input = 0; input < inputs; input++) kernels_.finishWeightGradient(work_, input);
}

}  // namespace residua
