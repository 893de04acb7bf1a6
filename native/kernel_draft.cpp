#include "kernel_draft.h"

namespace residua {

KernelDraft::KernelDraft(Shape domain) { kernel_.domain = std::move(domain); }

int KernelDraft::leaf(const View& view, Storage storage) {
  Term term{Term::Kind::leaf};
  term.leaf = static_cast<int>(kernel_.leaves.size());
  kernel_.leaves.push_back({broadcastTo(view, kernel_.domain), storage});
  kernel_.terms.push_back(term);
  return static_cast<int>(kernel_.terms.size()) - 1;
}

int KernelDraft::constant(float value) {
  Term term{Term::Kind::constant};
  term.value = value;
  kernel_.terms.push_back(term);
  return static_cast<int>(kernel_.terms.size()) - 1;
}

int KernelDraft::operation(Operation operation, std::initializer_list<int> operands, float parameter) {
  Term term{Term::Kind::operation};
  term.operation = operation;
  term.value = parameter;
  int position = 0;
  for (int operand : operands) term.operands[position++] = operand;
  kernel_.terms.push_back(term);
  return static_cast<int>(kernel_.terms.size()) - 1;
}

void KernelDraft::store(int term, const View& to, Storage storage) { kernel_.stores.push_back({term, {to, storage}}); }

void KernelDraft::reduce(int term, Reducer reducer, const Shape& axes, const View& to) {
  kernel_.reduced.assign(kernel_.domain.size(), false);
  for (Index axis : axes) kernel_.reduced[static_cast<std::size_t>(axis)] = true;
  kernel_.reductions.push_back({term, reducer, {broadcastTo(to, kernel_.domain), Storage::f32}});
}

bool KernelDraft::readsChannelsLast() const {
  if (prefersChannelsLast_) return true;
  for (const auto& leaf : kernel_.leaves) {
    const auto& [buffer, offset, shape, strides] = leaf.view;
    if (shape.size() < 3 || shape[1] == 1 || strides[1] != 1) continue;
    for (std::size_t axis = 2; axis < shape.size(); axis++) {
      if (shape[axis] > 1 && strides[axis] > 1) return true;
    }
  }
  return false;
}

}  // namespace residua
