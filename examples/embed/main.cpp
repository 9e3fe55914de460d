// Asks a pipeline one question for each line of standard input.
#include <exception>
#include <iostream>
#include <string>

#include <avp/gpu/spin_limit.hpp>
#include <avp/runtime/loaded_pipeline.hpp>

int main(int argc, char** argv) {
  avp::limit_spinning(argv);
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " PIPELINE.toml < QUESTIONS\n";
    return 2;
  }
  try {
    const avp::loaded_pipeline pipeline(argv[1]);
    bool all_answered = true;
    for (std::string line; std::getline(std::cin, line);) {
      const auto show = [](std::string_view words) { std::cout << words << std::flush; };
      const auto result = pipeline.run({{"question", line}}, show);
      std::cout << std::endl;
      if (!result.ok())
        std::cerr << "no answer: " << result.error << '\n';
      all_answered = all_answered && result.ok();
    }
    return all_answered ? 0 : 1;
  } catch (const std::exception& error) { // a mistake in the file, a model that can't be loaded
    std::cerr << error.what() << '\n';
    return 2;
  }
}
