// A scorer that does what its answer says: crashes, hangs, uses up its memory, or scores.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
/// Leaves the signals of a crash to the system, as they are without it.
extern "C" const char* __asan_default_options() { return "handle_segv=0:handle_abort=0"; }
#endif

namespace {

int deeper(volatile int* depth) {
  volatile int mine = *depth + 1;
  return mine == 0 ? mine : deeper(&mine) + mine; // never 0 before the stack ends
}

void eat_memory() {
  constexpr std::size_t piece = std::size_t{16} << 20;
  std::vector<std::unique_ptr<char[]>> eaten;
  while (true)
    eaten.push_back(std::make_unique<char[]>(piece));
}

[[noreturn]] void loop() {
  volatile unsigned turns = 0;
  while (true)
    turns = turns + 1;
}

void misbehave(const std::string& how) {
  volatile int depth = 0;
  auto* volatile nowhere = reinterpret_cast<volatile int*>(sizeof(int)); // in the page that nobody has
  if (how == "crash")
    *nowhere = 1;
  else if (how == "overflow")
    depth = deeper(&depth);
  else if (how == "abort")
    std::abort();
  else if (how == "exit")
    std::_Exit(3);
  else if (how == "hang")
    loop();
  else if (how == "sleep")
    pause();
  else if (how == "eat")
    eat_memory();
}

} // namespace

int main() {
  bool poisoned = false;
  int count = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const std::string answer = nlohmann::json::parse(line).at("answer");
    if (poisoned)
      std::abort();
    poisoned = answer == "poison"; // breaks what comes next
    misbehave(answer);
    if (answer == "nonsense")
      std::cout << "42 or so" << std::endl;
    else if (answer == "throw")
      std::cout << R"({"error": "it did not like it"})" << std::endl;
    else if (answer == "close")
      close(STDIN_FILENO), close(STDOUT_FILENO), pause();
    else
      std::cout << nlohmann::json{{"score", ++count}} << std::endl;
  }
}
