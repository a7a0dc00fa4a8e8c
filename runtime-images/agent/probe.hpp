// The verb `probe`: for images in which nothing else could ask.
#pragma once

namespace slipway::agent {

// Whether the agent on this port of the loopback says that it is ready, within two seconds.
bool probe(int port);

}  // namespace slipway::agent
