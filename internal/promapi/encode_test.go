package promapi

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	streamed = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
	whole    = "application/x-protobuf"
)

// chunkOf encodes a Chunk.
func chunkOf(samples ...Sample) []byte {
	c := chunkenc.NewXORChunk()
	appendTo(c, samples...)
	return typedChunk(int64(chunkenc.EncXOR), c.Bytes())
}

func appendTo(c chunkenc.Chunk, samples ...Sample) {
	app, err := c.Appender()
	if err != nil {
		panic(err)
	}
	for _, s := range samples {
		app.Append(0, s.T, s.V)
	}
}

func typedChunk(encoding int64, data []byte) []byte {
	m := appendVarint(nil, 1, 7) // min and max time: nobody reads them
	m = appendVarint(m, 2, 7)
	m = appendVarint(m, 3, encoding)
	return appendBytes(m, 4, data)
}

func labelsOf(nameValues ...string) (message []byte) {
	for i := 0; i < len(nameValues); i += 2 {
		l := appendBytes(nil, 1, []byte(nameValues[i]))
		l = appendBytes(l, 2, []byte(nameValues[i+1]))
		message = appendBytes(message, 1, l)
	}
	return message
}

// chunked encodes a ChunkedReadResponse of one series.
func chunked(query int64, labels []byte, chunks ...[]byte) []byte {
	series := append([]byte(nil), labels...)
	for _, c := range chunks {
		series = appendBytes(series, 2, c)
	}
	m := appendBytes(nil, 1, series)
	if query != 0 {
		m = appendVarint(m, 2, query)
	}
	return m
}

func frameOf(message []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(len(message)))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(message, crc32.MakeTable(crc32.Castagnoli)))
	return append(b, message...)
}

func stream(messages ...[]byte) (b []byte) {
	for _, m := range messages {
		b = append(b, frameOf(m)...)
	}
	return b
}

// wholeOf encodes a ReadResponse in snappy, of results.
func wholeOf(results ...[]byte) []byte {
	var m []byte
	for _, r := range results {
		m = appendBytes(m, 1, r)
	}
	return s2.EncodeSnappy(nil, m)
}

// timeSeries encodes a QueryResult's TimeSeries.
func timeSeries(labels []byte, samples ...Sample) []byte {
	return appendBytes(nil, 1, timeSeriesOf(labels, samples...))
}

func timeSeriesOf(labels []byte, samples ...Sample) []byte {
	m := append([]byte(nil), labels...)
	for _, s := range samples {
		b := protowire.AppendTag(nil, 1, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, math.Float64bits(s.V))
		m = appendBytes(m, 2, appendVarint(b, 2, s.T))
	}
	return m
}
