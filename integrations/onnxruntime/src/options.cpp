// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <cctype>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>
#include <sstream>

namespace swconv_ort {
namespace {

[[noreturn]] void refuse(const std::string &key, const std::string &value, const char *wanted) {
  throw failure(ORT_INVALID_ARGUMENT, "swconv: option " + key + "=" + value + " is not " + wanted);
}

int64_t whole(const std::string &key, const std::string &value, int64_t most) {
  int64_t number = -1;
  const char *end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end || number < 0 || number > most)
    refuse(key, value, ("a number from 0 to " + std::to_string(most)).c_str());
  return number;
}

void set(options &o, const std::string &key, const std::string &value) {
  if (key == "threads") {
    o.threads = static_cast<int>(whole(key, value, 1024));
  } else if (key == "math") {
    if (value != "strict" && value != "fast") refuse(key, value, "strict or fast");
    o.fast = value == "fast";
  } else if (key == "min_macs") {
    o.min_macs = whole(key, value, std::numeric_limits<int64_t>::max());
  } else if (key == "plan_cache") {
    o.plan_cache = static_cast<int>(whole(key, value, 4096));
    if (o.plan_cache == 0) o.plan_cache = 1;
  } else if (key == "verbose") {
    o.verbose = static_cast<int>(whole(key, value, 2));
  } else if (key == "report") {
    o.report = value;
  } else if (key == "operators") {
    std::istringstream list(value);
    for (std::string op; std::getline(list, op, ',');) {
      if (op != "Conv" && op != "MaxPool" && op != "AveragePool" && op != "GlobalMaxPool" &&
          op != "GlobalAveragePool")
        refuse(key, op, "an operator served here");
      o.operators.push_back(op);
    }
  } else {
    throw failure(
        ORT_INVALID_ARGUMENT,
        "swconv: no option is called " + key +
            "; there are threads, math, min_macs, operators, plan_cache, verbose, report");
  }
}

}  // namespace

bool options::serves(const std::string &op) const {
  if (operators.empty()) return true;
  for (const std::string &o : operators)
    if (o == op) return true;
  return false;
}

options read_options(const ort_apis &apis, const OrtSessionOptions &session, const char *provider) {
  OrtKeyValuePairs *pairs = nullptr;
  check(*apis.ort, apis.ort->GetSessionOptionsConfigEntries(&session, &pairs));
  const std::unique_ptr<OrtKeyValuePairs, decltype(apis.ort->ReleaseKeyValuePairs)> owner(
      pairs, apis.ort->ReleaseKeyValuePairs);
  const char *const *keys = nullptr, *const *values = nullptr;
  size_t count = 0;
  apis.ort->GetKeyValuePairs(pairs, &keys, &values, &count);

  std::string prefix = "ep.";
  for (const char *c = provider; *c != '\0'; ++c)
    prefix += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  prefix += '.';
  options result;
  for (size_t i = 0; i < count; ++i)
    if (std::strncmp(keys[i], prefix.c_str(), prefix.size()) == 0)
      set(result, keys[i] + prefix.size(), values[i]);
  return result;
}

}  // namespace swconv_ort
