// One piece of a compiled program.
#pragma once

#include <string>
#include <vector>

#include "tensor.h"

namespace residua {

// Where each buffer is, by its number.
using Pointers = std::vector<std::byte*>;

class Step {
 public:
  virtual ~Step() = default;
  // What it is, for messages and profiles.
  virtual std::string label() const = 0;
  virtual std::vector<int> reads() const = 0;
  virtual std::vector<int> writes() const = 0;
  virtual bool isConvolution() const { return false; }
  // Called once, when all buffers have their places.
  virtual void bind(const Pointers& pointers) = 0;
  virtual void run() = 0;
};

}  // namespace residua
