#include "moments_step.h"

#include <algorithm>
#include <cmath>

namespace residua {
namespace {

// Numbers of a chunk: 16 KiB, half a first-level cache.
constexpr Index kChunk = 4096;
// Numbers that are worked on together: voxels of few channels in groups.
constexpr Index kGroup = 512;

}  // namespace

MomentsStep::MomentsStep(Access x, View moments, float eps)
    : x_(std::move(x)), moments_(std::move(moments)), eps_(eps) {
  samples_ = x_.view.shape[0];
  channels_ = x_.view.shape[1];
  voxels_ = elementCount(x_.view.shape) / (samples_ * channels_);
  chunkVoxels_ = std::max<Index>(1, kChunk / channels_);
}

void MomentsStep::bind(const Pointers& pointers) {
  from_ = pointers[x_.view.buffer] + x_.view.offset * static_cast<Index>(storageSize(x_.storage));
  to_ = reinterpret_cast<float*>(pointers[moments_.buffer]) + moments_.offset;
}

void MomentsStep::measure(Index sample, Index chunk, float* means, float* squares) const {
  const int channels = static_cast<int>(channels_);
  const Index first = chunk * chunkVoxels_, voxels = std::min(chunkVoxels_, voxels_ - first);
  const Index start = (sample * voxels_ + first) * channels_;
  const int n = static_cast<int>(voxels * channels_);
  const float* values = reinterpret_cast<const float*>(from_) + start;
  thread_local std::vector<float> wide;
  if (x_.storage == Storage::bf16) {
    wide.resize(static_cast<std::size_t>(n));
    widenBf16(wide.data(), reinterpret_cast<const std::uint16_t*>(from_) + start, n);
    values = wide.data();
  }
  const Index group = std::clamp<Index>(kGroup / channels_, 1, voxels), width = group * channels_;
  thread_local std::vector<float> totals, centres;
  // Calls `add` with the numbers of each group, then leaves the totals of the channels at `to`.
  const auto sum = [&](float* to, const auto& add) {
    totals.assign(static_cast<std::size_t>(width), 0.0f);
    for (Index voxel = 0; voxel < voxels; voxel += group) {
      add(values + voxel * channels_, static_cast<int>(std::min(group, voxels - voxel) * channels_));
    }
    foldRows(totals.data(), static_cast<int>(group), channels);
    std::copy_n(totals.data(), channels, to);
  };
  sum(means, [&](const float* from, int count) { accumulate(totals.data(), from, count); });
  for (int channel = 0; channel < channels; channel++) means[channel] /= static_cast<float>(voxels);
  centres.resize(static_cast<std::size_t>(width));
  for (Index voxel = 0; voxel < group; voxel++) std::copy_n(means, channels, centres.data() + voxel * channels_);
  sum(squares, [&](const float* from, int count) { accumulateSquares(totals.data(), from, centres.data(), count); });
}

void MomentsStep::run() {
  const Index chunks = (voxels_ + chunkVoxels_ - 1) / chunkVoxels_;
  std::vector<float> parts(static_cast<std::size_t>(samples_ * chunks * 2 * channels_));
#pragma omp parallel for schedule(static)
  for (Index piece = 0; piece < samples_ * chunks; piece++) {
    float* means = parts.data() + piece * 2 * channels_;
    measure(piece / chunks, piece % chunks, means, means + channels_);
  }
  // Chunks are joined as by Chan, Golub & LeVeque (1983), The American Statistician 37:242, eq. 2.1.
#pragma omp parallel for schedule(static)
  for (Index row = 0; row < samples_ * channels_; row++) {
    const Index sample = row / channels_, channel = row % channels_;
    double mean = 0, squares = 0, count = 0;
    for (Index chunk = 0; chunk < chunks; chunk++) {
      const float* part = parts.data() + (sample * chunks + chunk) * 2 * channels_;
      const double n = static_cast<double>(std::min(chunkVoxels_, voxels_ - chunk * chunkVoxels_));
      const double difference = part[channel] - mean;
      count += n;
      mean += difference * n / count;
      squares += part[channels_ + channel] + difference * difference * n * (count - n) / count;
    }
    to_[row] = static_cast<float>(mean);
    to_[samples_ * channels_ + row] = static_cast<float>(1.0 / std::sqrt(squares / count + eps_));
  }
}

}  // namespace residua
