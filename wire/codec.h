// All translations between the wire and the domain, in one include.
#ifndef WEIR_WIRE_CODEC_H_
#define WEIR_WIRE_CODEC_H_

#include "wire/client_codec.h"
#include "wire/master_codec.h"
#include "wire/node_codec.h"
#include "wire/queue_codec.h"
#include "wire/values_codec.h"

#endif  // WEIR_WIRE_CODEC_H_
