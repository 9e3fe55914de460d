// Writing results so that a full disk is noticed at the line that it cost.
#include "runtime/results/output_directory.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

namespace avp {

namespace {

void write_all(int descriptor, std::string_view bytes, const std::filesystem::path& file) {
  const auto start = lseek(descriptor, 0, SEEK_END);
  while (!bytes.empty()) {
    const auto written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0) {
      const std::string why = std::strerror(errno);
      if (start >= 0 && ftruncate(descriptor, start) != 0)
        throw write_error("cannot write '" + file.string() + "': " + why + "; its last line may be torn");
      throw write_error("cannot write '" + file.string() + "': " + why);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

write_error already_there(const std::filesystem::path& file) {
  return write_error("'" + file.string() +
                     "' is there already; name another folder with --out, or go on with that run by --resume");
}

int open_new(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0 && errno == EEXIST)
    throw already_there(file);
  if (descriptor < 0)
    throw write_error("cannot make '" + file.string() + "': " + std::strerror(errno) +
                      "; name another folder with --out");
  return descriptor;
}

void write_whole(const std::filesystem::path& file, const std::string& text) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0)
    throw write_error("cannot make '" + file.string() + "': " + std::strerror(errno));
  try {
    write_all(descriptor, text, file);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
}

} // namespace

void output_directory::check(const std::filesystem::path& folder) {
  std::error_code unknown; // whatever else is wrong with the folder, making it will tell
  if (std::filesystem::exists(folder / "results.jsonl", unknown))
    throw already_there(folder / "results.jsonl");
}

output_directory::output_directory(const std::filesystem::path& folder, const std::string& pipeline_text)
    : folder_(folder),
      file_(folder / "results.jsonl") {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    throw write_error("cannot make the folder '" + folder.string() + "': " + failed.message() +
                      "; name another one with --out");
  descriptor_ = open_new(file_);
  try {
    write_whole(folder / "pipeline.toml", pipeline_text);
  } catch (...) {
    ::close(descriptor_);
    std::filesystem::remove(file_, failed); // or the next attempt would find results there
    throw;
  }
}

output_directory::output_directory(const std::filesystem::path& folder)
    : folder_(folder),
      file_(folder / "results.jsonl"),
      descriptor_(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0)
    throw write_error("cannot open '" + file_.string() + "': " + std::strerror(errno));
}

std::vector<std::string> output_directory::lines(const std::filesystem::path& folder) {
  std::ifstream in(folder / "results.jsonl", std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(std::move(line));
  return lines;
}

void output_directory::replace(const std::filesystem::path& folder, const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  const auto whole = folder / "results.jsonl.new";
  std::error_code failed;
  try {
    write_whole(whole, text);
  } catch (const write_error&) {
    std::filesystem::remove(whole, failed);
    throw;
  }
  std::filesystem::rename(whole, folder / "results.jsonl", failed);
  if (failed)
    throw write_error("cannot replace '" + (folder / "results.jsonl").string() + "': " + failed.message());
}

output_directory::~output_directory() { ::close(descriptor_); }

void output_directory::add(const std::string& line) { write_all(descriptor_, line + "\n", file_); }

void output_directory::write_facts(const nlohmann::ordered_json& facts) const {
  // An argument of the command may be any bytes; JSON must be UTF-8.
  write_whole(folder_ / "run.json", facts.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

void output_directory::write_summary(const nlohmann::ordered_json& totals) const {
  write_whole(folder_ / "summary.json", totals.dump(2) + "\n");
}

void output_directory::write_scaling(const nlohmann::ordered_json& found) const {
  write_whole(folder_ / "scaling.json", found.dump(1) + "\n");
}

} // namespace avp
