#include "program.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>

namespace residua {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

Program::Program(ProgramParts parts)
    : parts_(std::move(parts)), memory_(planMemory(parts_.buffers)), stepSeconds_(parts_.steps.size(), 0.0) {
  for (auto& step : parts_.steps) step->bind(memory_.pointers());
}

void Program::setState(const std::string& name, const float* values) {
  const Port& port = parts_.states.at(name);
  std::memcpy(memory_.pointers()[port.buffer], values, static_cast<std::size_t>(port.elements) * sizeof(float));
  areFixedStepsDue_ = true;
}

const float* Program::state(const std::string& name) const {
  return reinterpret_cast<const float*>(memory_.pointers()[parts_.states.at(name).buffer]);
}

void Program::setInput(const std::string& name, const void* values) {
  const Port& port = parts_.inputs.at(name);
  std::memcpy(memory_.pointers()[port.buffer], values, static_cast<std::size_t>(port.elements) * sizeof(float));
}

const float* Program::output(const std::string& name) const {
  return reinterpret_cast<const float*>(memory_.pointers()[parts_.outputs.at(name).buffer]);
}

void Program::run(int threads, const std::function<bool()>& isStopped) {
  omp_set_num_threads(threads);
  const auto start = Clock::now();
  for (std::size_t i = 0; i < parts_.steps.size(); i++) {
    if (isStopped()) throw std::runtime_error("stopped");
    if (parts_.isFixed[i] && !areFixedStepsDue_) continue;
    const auto stepStart = Clock::now();
    parts_.steps[i]->run();
    const double seconds = secondsSince(stepStart);
    stepSeconds_[i] += seconds;
    if (parts_.steps[i]->isConvolution()) timings_.convolutionSeconds += seconds;
  }
  areFixedStepsDue_ = false;
  timings_.totalSeconds += secondsSince(start);
}

std::vector<std::pair<std::string, double>> Program::profile() const {
  std::vector<std::pair<std::string, double>> lines;
  for (std::size_t i = 0; i < parts_.steps.size(); i++) lines.emplace_back(parts_.steps[i]->label(), stepSeconds_[i]);
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return lines;
}

}  // namespace residua
