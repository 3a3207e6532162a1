// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <unistd.h>

#include <cstdio>
#include <regex>

namespace swconv_bench {
namespace {

constexpr char skipped[] = "does not apply: ";

/// The part of a variant's name before or after its underscore, for a heading of two lines.
std::string heading(const char *name, bool second_line) {
  const std::string whole = name;
  const size_t at = whole.find('_');
  if (at == std::string::npos) return second_line ? whole : "";
  return second_line ? whole.substr(at + 1) : whole.substr(0, at);
}

std::string milliseconds(double s) {
  char text[32];
  const double ms = s * 1e3;
  std::snprintf(text, sizeof text, ms >= 100 ? "%.1f" : ms >= 1 ? "%.3f" : "%.4f", ms);
  return s > 0 ? text : "-";
}

std::string ratio(double r) {
  char text[32];
  std::snprintf(text, sizeof text, r >= 100 ? "%.0f" : r >= 10 ? "%.1f" : "%.2f", r);
  return text;
}

/// A mark for a time that should not be trusted.
const char *doubt(session &s, size_t index, size_t kind) {
  return s.implausible(index, kind) ? "!" : s.disturbed(index, kind) ? "~" : " ";
}

std::string cell(session &s, size_t index, size_t kind) {
  const auto &m = s.at(index, kind);
  if (m.state == measurement::does_not_apply) return "-  ";
  if (m.state == measurement::failed) return "ERROR ";
  if (m.min == 0) return "ok  ";  // verified, not timed
  const double base = s.at(index, 0).min;
  std::string text = base > 0 ? ratio(s.counted(index, kind) / base) : milliseconds(m.min) + " ms";
  text += s.handicapped(index, kind) ? "*" : " ";
  return text + doubt(s, index, kind);
}

/// What one benchmark of Google Benchmark does: tell what was measured.
void report(benchmark::State &state, session &s, size_t index, size_t kind) {
  const measurement &m = s.at(index, kind);
  if (m.state == measurement::does_not_apply) {
    state.SkipWithError((skipped + m.message).c_str());
    return;
  }
  if (m.state == measurement::failed) {
    state.SkipWithError(m.message.c_str());
    return;
  }
  for (auto _ : state) state.SetIterationTime(m.min);
  state.SetLabel(m.choice);
  auto &counters = state.counters;
  counters["min_ms"] = m.min * 1e3;
  counters["median_ms"] = m.median * 1e3;
  counters["cold_ms"] = m.cold * 1e3;
  counters["pack_ms"] = m.pack * 1e3;
  counters["samples"] = m.samples;
  counters["gflops"] = s.flops(index, kind) / 1e9;
  counters["roofline"] = s.share(index, kind);
  counters["workspace_bytes"] = double(m.workspace_bytes);
  counters["max_error"] = m.max_error;
  counters["undisturbed"] = m.undisturbed;
  counters["handicapped"] = s.handicapped(index, kind);
  counters["counted_ms"] = s.counted(index, kind) * 1e3;
}

}  // namespace

registry::registry(session &s, const std::string &pattern) {
  const bool negative = !pattern.empty() && pattern[0] == '-';
  const bool everything = pattern.empty() || pattern == "all";
  const std::regex wanted(everything ? "." : pattern.substr(negative));
  for (size_t i = 0; i < s.layers().size(); ++i)
    for (size_t k = 0; k < s.kinds().size(); ++k) {
      const layer &l = s.layers()[i];
      const std::string name = l.name + "/" + s.kinds()[k]->name;
      const problem p{l, nullptr, nullptr, nullptr, s.how().threads, s.how().isa};
      if (!s.kinds()[k]->applies(p) || std::regex_search(name, wanted) == negative) {
        s.leave_out(i, k);
        continue;
      }
      places_[name] = {i, k};
      const auto body = [&s, i, k](benchmark::State &state) { report(state, s, i, k); };
      benchmark::RegisterBenchmark(name.c_str(), body)
          ->Unit(benchmark::kMillisecond)
          ->UseManualTime()
          ->Iterations(1);
    }
}

const registry::place *registry::find(const std::string &name) const {
  const auto at = places_.find(name);
  return at == places_.end() ? nullptr : &at->second;
}

bool table_reporter::ReportContext(const Context &) {
  std::printf("\n");
  for (const bool second : {false, true}) {
    std::printf("%9s %-26s %-11s %9s %9s %5s %9s %6s", "", second ? "layer" : "",
                second ? "class" : "", second ? "ms" : session_.kinds()[0]->name,
                second ? "median" : "", second ? "limit" : "", second ? "cold ms" : "",
                second ? "pack" : "");
    for (size_t k = 1; k < session_.kinds().size(); ++k)
      std::printf(" %10s", heading(session_.kinds()[k]->name, second).c_str());
    std::printf("\n");
  }
  if (!session_.layers().empty()) print_progress(0);
  return true;
}

void table_reporter::print_progress(size_t index) {
  if (!isatty(1)) return;
  // Layers get about the same time each, so those done so far tell how long the rest will take.
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
  const size_t count = session_.layers().size();
  const auto left = index > 0 ? spent.count() / double(index) * double(count - index) : 0;
  char text[160];
  std::snprintf(text, sizeof text, "[%3zu/%zu] %s ...", index + 1, count,
                session_.layers()[index].name.c_str());
  std::printf("%-48s", text);
  if (index > 0) std::printf("%2d:%02d min left", int(left / 60), int(left) % 60);
  std::printf("\r");
  std::fflush(stdout);
}

void table_reporter::print_row(size_t index) {
  const layer &l = session_.layers()[index];
  const measurement &base = session_.at(index, 0);
  const bool timed = base.state == measurement::timed && base.min > 0;
  std::printf("[%3zu/%zu] %-26s %-11s %9s %9s", index + 1, session_.layers().size(), l.name.c_str(),
              l.category.c_str(),
              timed ? milliseconds(base.min).c_str() : cell(session_, index, 0).c_str(),
              milliseconds(base.median).c_str());
  if (timed)
    std::printf(" %4.0f%%%s%9s %6s", 100 * session_.share(index, 0), doubt(session_, index, 0),
                milliseconds(base.cold).c_str(),
                l.pool() ? "-" : ratio(base.pack / base.min).c_str());
  else
    std::printf(" %5s %9s %6s", "-", "-", "-");
  for (size_t k = 1; k < session_.kinds().size(); ++k)
    std::printf(" %10s", cell(session_, index, k).c_str());
  std::printf("\n");
  for (size_t k = 0; k < session_.kinds().size(); ++k)
    if (const auto &m = session_.at(index, k); m.state == measurement::failed)
      std::printf("          %s: %s\n", session_.kinds()[k]->name, m.message.c_str());
}

void table_reporter::ReportRuns(const std::vector<Run> &runs) {
  // All variants of a layer are measured together, so the first report of one shows the row.
  const auto *place = runs.empty() ? nullptr : registry_.find(runs[0].run_name.function_name);
  if (!place || place->layer == last_) return;
  last_ = place->layer;
  if (session_.layers()[last_].parent.empty()) print_row(last_);
  if (last_ + 1 < session_.layers().size()) print_progress(last_ + 1);
}

void table_reporter::Finalize() { std::fflush(stdout); }

void json_reporter::ReportRuns(const std::vector<Run> &runs) {
  std::vector<Run> kept;
  for (Run run : runs) {
    if (run.error_occurred && run.error_message.rfind(skipped, 0) == 0) continue;
    run.run_name.iterations.clear();
    run.run_name.time_type.clear();
    run.cpu_accumulated_time = run.real_accumulated_time;  // the CPU time of reporting is no news
    kept.push_back(run);
  }
  if (!kept.empty()) JSONReporter::ReportRuns(kept);
}

}  // namespace swconv_bench
