// SPDX-License-Identifier: MIT
// A graph of ONNX Runtime as plain data: who makes a value, who reads it, what is known of it.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ort.hpp"

namespace swconv_ort {

struct node;

struct value {
  const OrtValueInfo *info = nullptr;
  std::string name;
  bool constant = false;  // an initializer that no caller can override
  bool graph_output = false;
  bool is_float = false;      // a tensor of f32
  std::vector<int64_t> dims;  // -1: unknown. Empty: a scalar, or nothing is known at all.
  std::vector<std::string> symbols;
  std::vector<const node *> readers;  // a node that reads it twice is here twice
};

struct node {
  const OrtNode *info = nullptr;
  size_t index = 0;  // in topological order
  std::string name, op, domain;
  int since = 0;
  std::vector<const value *> inputs, outputs;  // null: left out
};

class graph {
 public:
  graph(const ort_apis &apis, const OrtGraph &source);
  graph(const graph &) = delete;
  graph &operator=(const graph &) = delete;

  const std::vector<std::unique_ptr<node>> &nodes() const { return nodes_; }
  const ort_apis &apis() const { return apis_; }

  // The elements of a constant f32 tensor; null if it is not one.
  const float *floats(const value &v, size_t &count) const;
  // The element of a constant f32 tensor with just one.
  bool scalar(const value *v, float &result) const;

 private:
  value *intern(const OrtValueInfo *info);
  void describe(value &v) const;

  const ort_apis &apis_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::unordered_map<std::string, std::unique_ptr<value>> values_;
};

}  // namespace swconv_ort
