// A child process on a socket.
#include "runtime/score/scorer_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/text/seconds_text.hpp"

namespace avp {
namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what, int error) {
  throw scorer_error("could not be " + what + ": " + std::strerror(error));
}

std::string ending_of(int status) {
  if (WIFEXITED(status))
    return "ended with status " + std::to_string(WEXITSTATUS(status));
  const auto signal = WTERMSIG(status);
  const auto* name = sigabbrev_np(signal);
  return std::string("died of SIG") + (name != nullptr ? name : std::to_string(signal)) + " (" + strsignal(signal) +
         ")";
}

/// In a process group of its own, so that a terminal's ^C does not reach it. What it has to say as it dies is in its
/// answer's error; the run's standard error stays clean of it.
pid_t spawn(const std::filesystem::path& program, int socket) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, socket, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string path = program;
  std::string serve = "--serve";
  std::array<char*, 3> arguments{path.data(), serve.data(), nullptr};
  pid_t process = 0;
  const int error = posix_spawn(&process, path.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    fail("started from '" + path + "'", error);
  return process;
}

void limit(pid_t process, std::int64_t memory) {
  const rlimit no_core{0, 0};
  prlimit(process, RLIMIT_CORE, &no_core, nullptr);
#if !defined(__SANITIZE_ADDRESS__) // it takes terabytes of addresses
  const rlimit most{static_cast<rlim_t>(memory), static_cast<rlim_t>(memory)};
  prlimit(process, RLIMIT_AS, &most, nullptr);
#else
  (void)memory;
#endif
}

} // namespace

std::filesystem::path scorer_program() {
  const std::filesystem::path name = "avp-score";
  std::vector<std::filesystem::path> folders;
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&scorer_program), &here) != 0 && here.dli_fname != nullptr) {
    const std::filesystem::path library = here.dli_fname;
    if (library.is_absolute()) // a program's own name may be a bare word
      folders = {library.parent_path(), library.parent_path() / AVP_PROGRAMS_FROM_LIBRARY,
                 library.parent_path() / "../bin"};
  }
  std::error_code unknown;
  folders.push_back(std::filesystem::read_symlink("/proc/self/exe", unknown).parent_path());
  std::string places;
  for (const auto& folder : folders) {
    const auto path = (folder / name).lexically_normal();
    if (access(path.c_str(), X_OK) == 0)
      return path;
    places += (places.empty() ? "'" : ", '") + path.string() + "'";
  }
  throw scorer_error("the program avp-score, which compares answers with what is expected, is missing: none of " +
                     places + " is there; it is installed with avp-run, so install that anew");
}

scorer_process::scorer_process(std::filesystem::path program, scorer_limits limits)
    : program_(std::move(program)),
      limits_(limits) {}

scorer_process::~scorer_process() { stop(); }

void scorer_process::start() {
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    fail("connected", errno);
  socket_ = ends[0];
  answers_ = 0;
  try {
    process_ = spawn(program_, ends[1]);
  } catch (...) {
    close(ends[1]);
    stop();
    throw;
  }
  close(ends[1]);
  limit(process_, limits_.memory);
}

void scorer_process::stop() {
  if (socket_ >= 0)
    close(std::exchange(socket_, -1));
  if (process_ == 0)
    return;
  int status = 0;
  kill(process_, SIGKILL);
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = 0;
  ended_ = ending_of(status);
}

std::chrono::nanoseconds scorer_process::used_time() const {
  clockid_t id{};
  timespec used{};
  if (clock_getcpuclockid(process_, &id) != 0 || clock_gettime(id, &used) != 0)
    return {}; // it has ended
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void scorer_process::check_time(clock::time_point began, std::chrono::nanoseconds used_before) {
  std::string over;
  if (used_time() - used_before > limits_.cpu)
    over = seconds_text(limits_.cpu) + " of processor time";
  else if (clock::now() - began > limits_.wall)
    over = seconds_text(limits_.wall);
  if (over.empty())
    return;
  stop();
  throw scorer_error("took more than " + over + " and was stopped");
}

bool scorer_process::send_some(std::string_view& line) {
  const auto count = send(socket_, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0)
    return errno == EAGAIN || errno == EINTR;
  line.remove_prefix(static_cast<std::size_t>(count));
  return true;
}

bool scorer_process::read_some(std::string& reply) {
  std::array<char, 4096> buffer{};
  const auto count = recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0)
    return errno == EAGAIN || errno == EINTR;
  reply.append(buffer.data(), static_cast<std::size_t>(count));
  constexpr std::size_t longest = 65536; // far more than a score
  return count > 0 && reply.size() <= longest;
}

/// A process that has closed its socket ends as it does; one that goes on is ended by stop().
void scorer_process::wait_for_end() const {
  constexpr int most = 500; // milliseconds
  siginfo_t gone{};
  for (int i = 0; i < most && gone.si_pid == 0; ++i) {
    if (waitid(P_PID, static_cast<id_t>(process_), &gone, WEXITED | WNOHANG | WNOWAIT) != 0)
      return;
    if (gone.si_pid == 0)
      poll(nullptr, 0, 1);
  }
}

/// The reply to a line; nothing where the process ended, or says what is no reply, and is gone.
std::optional<std::string> scorer_process::ask(std::string_view line) {
  const auto began = clock::now();
  const auto used_before = used_time();
  std::string reply;
  while (!reply.ends_with('\n')) {
    pollfd events{socket_, static_cast<short>(line.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    constexpr int look = 20; // milliseconds until the clocks are looked at
    if (poll(&events, 1, look) == 0)
      check_time(began, used_before);
    const bool open = ((events.revents & POLLOUT) == 0 || send_some(line)) &&
                      ((events.revents & (POLLIN | POLLHUP | POLLERR)) == 0 || read_some(reply));
    if (!open) {
      wait_for_end();
      stop();
      return {};
    }
  }
  return reply;
}

std::optional<double> scorer_process::score(score_kind kind, std::string_view answer, std::string_view expected) {
  const auto named = "the scorer (avp-score, " + std::string(name_of(kind)) + ") ";
  const nlohmann::json pair = {{"kind", name_of(kind)}, {"answer", answer}, {"expected", expected}};
  const auto line = pair.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  try {
    if (process_ == 0)
      start();
    const bool is_new = answers_ == 0;
    auto reply = ask(line);
    if (!reply && !is_new) {
      start();
      reply = ask(line);
    }
    if (!reply)
      throw scorer_error(ended_ + " on this answer");
    ++answers_;
    const auto said = nlohmann::json::parse(*reply);
    if (said.contains("error"))
      throw scorer_error("failed on this answer: " + said.at("error").get<std::string>());
    const auto& value = said.at("score");
    return value.is_null() ? std::nullopt : std::optional(value.get<double>());
  } catch (const nlohmann::json::exception&) {
    stop();
    throw scorer_error(named + "said what is no score");
  } catch (const scorer_error& error) {
    stop();
    throw scorer_error(named + error.what());
  }
}

} // namespace avp
