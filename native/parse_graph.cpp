#include "parse_graph.h"

namespace residua {
namespace {

std::vector<double> numbers(const Napi::Value& value) {
  if (value.IsNumber()) return {value.As<Napi::Number>().DoubleValue()};
  std::vector<double> result;
  if (!value.IsArray()) return result;
  const auto list = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < list.Length(); i++) {
    result.push_back(list.Get(i).As<Napi::Number>().DoubleValue());
  }
  return result;
}

Shape shapeOf(const Napi::Value& value) {
  const auto sizes = numbers(value);
  return Shape(sizes.begin(), sizes.end());
}

std::string text(const Napi::Object& object, const char* key) {
  return object.Get(key).As<Napi::String>().Utf8Value();
}

Node parseNode(const Napi::Object& source) {
  Node node;
  node.shape = shapeOf(source.Get("shape"));
  node.isInteger = text(source, "dtype") == "i32";
  if (text(source, "kind") == "input") {
    node.name = text(source, "name");
    node.isState = !source.Get("initial").IsUndefined();
    return node;
  }
  node.primitive = text(source, "primitive");
  const auto attributes = source.Get("attributes").As<Napi::Object>();
  const auto names = attributes.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); i++) {
    const auto name = names.Get(i).As<Napi::String>().Utf8Value();
    node.attributes.emplace(name, numbers(attributes.Get(name)));
  }
  for (double operand : numbers(source.Get("operands"))) node.operands.push_back(static_cast<int>(operand));
  return node;
}

std::vector<std::pair<std::string, int>> named(const Napi::Object& source) {
  std::vector<std::pair<std::string, int>> result;
  const auto names = source.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); i++) {
    const auto name = names.Get(i).As<Napi::String>().Utf8Value();
    result.emplace_back(name, source.Get(name).As<Napi::Number>().Int32Value());
  }
  return result;
}

}  // namespace

Graph parseGraph(const Napi::Object& source) {
  Graph graph;
  const auto nodes = source.Get("nodes").As<Napi::Array>();
  for (std::uint32_t i = 0; i < nodes.Length(); i++) graph.nodes.push_back(parseNode(nodes.Get(i).As<Napi::Object>()));
  graph.outputs = named(source.Get("outputs").As<Napi::Object>());
  graph.updates = named(source.Get("updates").As<Napi::Object>());
  return graph;
}

}  // namespace residua
