// avp-key: makes the keys by which nodes know each other on a CURVE link.
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include <avp/transport/link/curve_keys.hpp>

int main(int argc, char** argv) {
  CLI::App app("Makes key pairs for encrypted links between nodes.", "avp-key");
  app.require_subcommand(1);
  std::string name;
  auto* fresh = app.add_subcommand("new", "Write NAME.key (secret) and NAME.pub (public)");
  fresh->add_option("NAME", name, "Path without ending")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& mistake) {
    return app.exit(mistake) == 0 ? 0 : 2;
  }
  const auto pair = avp::new_key_pair();
  const auto written = pair.and_then([&](const avp::key_pair& p) { return avp::write_key_pair(p, name); });
  if (!written) {
    std::cerr << avp::to_string(written.error().code) << ": " << written.error().message << '\n';
    return 2;
  }
  std::cout << pair->public_key << '\n';
  return 0;
}
