// Writes 0, 1, 2, …: the numbers of the classes, for comparison with labels.
#pragma once

#include "step.h"

namespace residua {

class NumbersStep final : public Step {
 public:
  NumbersStep(int buffer, Index count) : buffer_(buffer), count_(count) {}

  std::string label() const override { return "numbers"; }
  std::vector<int> reads() const override { return {}; }
  std::vector<int> writes() const override { return {buffer_}; }
  void bind(const Pointers& pointers) override { to_ = reinterpret_cast<float*>(pointers[buffer_]); }
  void run() override {
    for (Index i = 0; i < count_; i++) to_[i] = static_cast<float>(i);
  }

 private:
  int buffer_;
  Index count_;
  float* to_ = nullptr;
};

}  // namespace residua
