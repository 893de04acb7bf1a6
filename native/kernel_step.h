// Runs a kernel: tile by tile, each term as a loop over a tile in the first-level cache.
#pragma once

#include "iteration.h"
#include "step.h"

namespace residua {

class KernelStep final : public Step {
 public:
  explicit KernelStep(Kernel kernel);

  std::string label() const override;
  std::vector<int> reads() const override;
  std::vector<int> writes() const override;
  void bind(const Pointers& pointers) override;
  void run() override;

  const Kernel& kernel() const { return kernel_; }
  // Writes elsewhere what it wrote to a buffer of the same layout.
  void redirect(int from, int to);

 private:
  struct Tile;
  struct Registers;
  // An instruction is a term with its place in the register file.
  struct Instruction {
    int term;
    int result;
    int operands[3];
    // Whether the result is the same in all tiles in which the leaves that it depends on stay the same.
    bool isInvariant;
  };

  void allocateRegisters();
  void evaluate(Registers& registers, const Tile& tile) const;
  void load(int leaf, float* to, const Tile& tile) const;
  void store(const float* from, const Store& store, std::size_t access, const Tile& tile) const;
  void finish(std::size_t access, const double* totals, const Tile& tile) const;

  Kernel kernel_;
  Iteration iteration_;
  std::vector<Instruction> instructions_;
  // Register of each term.
  std::vector<int> places_;
  int registerCount_ = 0;
  std::vector<std::byte*> bases_;
};

}  // namespace residua
