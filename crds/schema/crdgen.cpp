// slipway-crdgen --out crds/: writes the CRDs and the reference pages. `./dev golden` runs it.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "crds/schema/generate.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Writes the CRDs and their reference pages from the types."};
  std::filesystem::path out = "crds", pages = "crds/schema/pages";
  app.add_option("--out", out, "Folder of the CRDs; the pages go to its docs/")
      ->capture_default_str();
  app.add_option("--pages", pages, "Folder of the hand-written parts")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const auto files = slipway::schema::generate(pages);
  if (!files) {
    std::cerr << "slipway-crdgen: " << files.error().what << "\n";
    return 1;
  }
  for (const auto& [name, text] : *files) {
    std::filesystem::create_directories((out / name).parent_path());
    std::ofstream file(out / name, std::ios::binary);
    file << text << std::flush;
    if (!file) {
      std::cerr << "slipway-crdgen: cannot write " << (out / name).string() << "\n";
      return 1;
    }
  }
  return 0;
}
