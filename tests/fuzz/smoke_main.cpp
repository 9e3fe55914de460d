// Drives a fuzz target without libFuzzer: every seed as it is, then mutations of the seeds. smoke CORPUS RUNS
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input) {
  // Memory of exactly that size, so that a sanitizer sees a read beyond it.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string mutated(std::string input, std::mt19937& random) {
  for (auto changes = 1 + random() % 4; changes > 0; --changes) {
    const auto at = input.empty() ? 0 : random() % input.size();
    switch (random() % 4) {
    case 0:
      input.insert(at, 1, static_cast<char>(random()));
      break;
    case 1:
      input.erase(at, 1 + random() % 8);
      break;
    case 2:
      if (!input.empty())
        input[at] = static_cast<char>(random());
      break;
    default:
      if (!input.empty())
        input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
    }
  }
  return input;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  std::vector<std::string> seeds;
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    files.insert(entry.path());
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (seeds.empty())
    return 2;
  for (const auto& seed : seeds)
    run(seed);
  std::mt19937 random(1);
  const auto runs = std::atoi(argv[2]);
  for (int i = 0; i < runs; ++i)
    run(mutated(seeds[random() % seeds.size()], random));
  std::printf("%zu seeds and %d mutations\n", seeds.size(), runs);
}
