#include "reconcilers/inference_service/revision.hpp"

#include <gtest/gtest.h>

namespace slipway::inference_service {
namespace {

Pinned sample() {
  Pinned pinned;
  pinned.runtime = {"ClusterServingRuntime", "llama-cpp", {}};
  pinned.runtime.spec.image = "example.com/llama-cpp:1";
  pinned.runtime.spec.formats.push_back({"gguf", true, 3});
  pinned.agent_image = "example.com/slipway:1";
  pinned.gpu = gpu::Grant{"nvidia.com/mig-2g.20gb", 1, "mig-2g.20gb", 19968, "", 18432};
  return pinned;
}

TEST(Pinned, SurvivesItsAnnotation) {
  EXPECT_EQ(decode_pinned(encode_pinned(sample())), sample());
}

TEST(Pinned, IsNotBelievedOnceEdited) {
  std::string text = encode_pinned(sample());
  text.replace(text.find("llama-cpp:1"), 11, "llama-cpp:2");
  EXPECT_EQ(decode_pinned(text), std::nullopt);
  EXPECT_EQ(decode_pinned("not json"), std::nullopt);
  EXPECT_EQ(decode_pinned("{}"), std::nullopt);
}

TEST(DigestOf, PrefersTheSpecAndReadsTheFragment) {
  const std::string hex(64, 'a');
  EXPECT_EQ(digest_of({"https://h/f.gguf#sha256=" + hex, {}, {}}, ""), "sha256:" + hex);
  EXPECT_EQ(digest_of({"https://h/f.gguf", {}, {}}, "sha256:b"), "sha256:b");
  EXPECT_EQ(digest_of({"pvc://claim/f.gguf", {}, {}}, ""), "");
}

TEST(FormatOfUri, GoesByTheName) {
  EXPECT_EQ(format_of_uri("https://h/a.gguf#sha256=00"), "gguf");
  EXPECT_EQ(format_of_uri("https://h/a.gguf?x=1"), "gguf");
  EXPECT_EQ(format_of_uri("pvc://claim/model.bin"), "");
}

}  // namespace
}  // namespace slipway::inference_service
