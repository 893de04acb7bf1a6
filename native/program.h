// A compiled graph: steps over buffers, all memory planned.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "memory_plan.h"
#include "step.h"

namespace residua {

// A tensor that goes in or out whole: fp32 or i32, row-major.
struct Port {
  int buffer;
  Index elements;
};

struct ProgramParts {
  std::vector<Buffer> buffers;
  std::vector<std::unique_ptr<Step>> steps;
  // Whether a step depends on nothing but states that no run changes; it runs once after these are set.
  std::vector<bool> isFixed;
  std::map<std::string, Port> inputs, states, outputs;
};

// Where the time of the runs went.
struct Timings {
  double totalSeconds = 0;
  double convolutionSeconds = 0;
};

class Program {
 public:
  explicit Program(ProgramParts parts);

  const std::map<std::string, Port>& inputs() const { return parts_.inputs; }
  const std::map<std::string, Port>& states() const { return parts_.states; }
  const std::map<std::string, Port>& outputs() const { return parts_.outputs; }

  void setState(const std::string& name, const float* values);
  const float* state(const std::string& name) const;
  void setInput(const std::string& name, const void* values);
  const float* output(const std::string& name) const;

  // `isStopped` is asked between steps; where it says so the run ends there with an exception, and the states are of no more use.
  void run(int threads, const std::function<bool()>& isStopped);

  const Timings& timings() const { return timings_; }
  // Seconds by label of step, largest first.
  std::vector<std::pair<std::string, double>> profile() const;
  std::size_t memoryBytes() const { return memory_.bytes(); }

 private:
  ProgramParts parts_;
  ProgramMemory memory_;
  bool areFixedStepsDue_ = true;
  Timings timings_;
  std::vector<double> stepSeconds_;
};

}  // namespace residua
