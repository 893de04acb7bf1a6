// Mean and 1/sqrt(variance + eps) of each channel of each sample.
#pragma once

#include "kernel.h"
#include "step.h"

namespace residua {

// Reads x [N, C, …] dense with the channels innermost; writes moments [2, N, C].
class MomentsStep final : public Step {
 public:
  MomentsStep(Access x, View moments, float eps);

  std::string label() const override { return "moments"; }
  std::vector<int> reads() const override { return {x_.view.buffer}; }
  std::vector<int> writes() const override { return {moments_.buffer}; }
  void bind(const Pointers& pointers) override;
  void run() override;

 private:
  void measure(Index sample, Index chunk, float* means, float* squares) const;

  Access x_;
  View moments_;
  double eps_;
  Index samples_, channels_, voxels_;
  // Voxels of a chunk, which is measured in two passes while it is in the cache.
  Index chunkVoxels_;
  const std::byte* from_ = nullptr;
  float* to_ = nullptr;
};

}  // namespace residua
