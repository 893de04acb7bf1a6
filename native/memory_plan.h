// Where each buffer of a program lies. Buffers that are never needed at the same time share memory.
#pragma once

#include <memory>

#include "step.h"

namespace residua {

struct Buffer {
  std::size_t bytes = 0;
  // Kept between runs: states, inputs, outputs, what is made of fixed states.
  bool isKept = false;
  // First and last step that touches it; set by `findLifetimes`.
  int first = -1, last = -1;
  // Another buffer that it is the same as, or -1.
  int sameAs = -1;
};

void findLifetimes(std::vector<Buffer>& buffers, const std::vector<std::unique_ptr<Step>>& steps);

// Places in one block of memory: first the kept buffers, then the others.
struct MemoryPlan {
  std::vector<std::size_t> offsets;
  std::size_t keptBytes = 0;
  std::size_t bytes = 0;
};

MemoryPlan planMemory(const std::vector<Buffer>& buffers);

class ProgramMemory {
 public:
  explicit ProgramMemory(const MemoryPlan& plan);
  ~ProgramMemory();
  ProgramMemory(const ProgramMemory&) = delete;
  ProgramMemory& operator=(const ProgramMemory&) = delete;

  const Pointers& pointers() const { return pointers_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::byte* block_ = nullptr;
  std::size_t bytes_;
  Pointers pointers_;
};

}  // namespace residua
