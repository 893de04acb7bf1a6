#include "memory_plan.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <numeric>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace residua {
namespace {

// A cache line, and the width of the widest vectors.
constexpr std::size_t kAlignment = 64;
// Large pages save the look-up of addresses; Linux gives them on request.
constexpr std::size_t kLargePage = std::size_t{2} << 20;

std::size_t roundUp(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

struct Placement {
  int buffer;
  std::size_t offset, end;
};

}  // namespace

void findLifetimes(std::vector<Buffer>& buffers, const std::vector<std::unique_ptr<Step>>& steps) {
  const auto touch = [&](int buffer, int step) {
    while (buffers[buffer].sameAs >= 0) buffer = buffers[buffer].sameAs;
    Buffer& b = buffers[buffer];
    if (b.first < 0) b.first = step;
    b.last = step;
  };
  for (std::size_t step = 0; step < steps.size(); step++) {
    for (int buffer : steps[step]->reads()) touch(buffer, static_cast<int>(step));
    for (int buffer : steps[step]->writes()) touch(buffer, static_cast<int>(step));
  }
}

// Large buffers first, each at the lowest offset that is free for all its lifetime ("greedy by size", Pisarchyk & Lee 2020,
// arXiv 2001.03288).
MemoryPlan planMemory(const std::vector<Buffer>& buffers) {
  std::vector<int> order;
  std::vector<std::size_t> offsets(buffers.size(), 0);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < buffers.size(); i++) {
    if (buffers[i].sameAs >= 0) continue;
    if (buffers[i].isKept) {
      offsets[i] = kept;
      kept += roundUp(buffers[i].bytes, kAlignment);
    } else if (buffers[i].first >= 0) {
      order.push_back(static_cast<int>(i));
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<Placement> placed;  // by offset
  std::size_t peak = kept;
  for (int index : order) {
    const Buffer& buffer = buffers[index];
    const std::size_t bytes = roundUp(buffer.bytes, kAlignment);
    std::size_t offset = kept;
    for (const auto& other : placed) {
      const Buffer& neighbour = buffers[other.buffer];
      if (neighbour.last < buffer.first || buffer.last < neighbour.first) continue;
      if (other.offset >= offset + bytes) break;
      offset = std::max(offset, other.end);
    }
    offsets[index] = offset;
    const Placement placement{index, offset, offset + bytes};
    placed.insert(std::upper_bound(placed.begin(), placed.end(), placement,
                                   [](const Placement& a, const Placement& b) { return a.offset < b.offset; }),
                  placement);
    peak = std::max(peak, placement.end);
  }
  for (std::size_t i = 0; i < buffers.size(); i++) {
    std::size_t at = i;
    while (buffers[at].sameAs >= 0) at = static_cast<std::size_t>(buffers[at].sameAs);
    offsets[i] = offsets[at];
  }
  return {std::move(offsets), kept, roundUp(std::max(peak, kAlignment), kLargePage)};
}

ProgramMemory::ProgramMemory(const MemoryPlan& plan) : bytes_(plan.bytes) {
  block_ = static_cast<std::byte*>(std::aligned_alloc(kLargePage, bytes_));
  if (block_ == nullptr) throw std::bad_alloc();
#ifdef __linux__
  if (bytes_ >= 4 * kLargePage) madvise(block_, bytes_, MADV_HUGEPAGE);
#endif
  std::fill_n(block_, plan.keptBytes, std::byte{0});
  for (std::size_t offset : plan.offsets) pointers_.push_back(block_ + offset);
}

ProgramMemory::~ProgramMemory() { std::free(block_); }

}  // namespace residua
