// What is to be heard of a video element: the loudest frequency of each channel.
const FLOOR = -120; // dB in one bin: quieter is silence

export class Ear {
  constructor(video, channels = 6) {
    this.context = new AudioContext();
    const source = this.context.createMediaElementSource(video);
    const splitter = this.context.createChannelSplitter(channels);
    source.connect(splitter);
    source.connect(this.context.destination);
    this.analysers = Array.from({ length: channels }, (_, channel) => {
      const analyser = this.context.createAnalyser();
      analyser.fftSize = 8192;
      analyser.smoothingTimeConstant = 0;
      splitter.connect(analyser, channel);
      return analyser;
    });
  }

  /** Hz of each channel while `playing` goes on, null where it is silent. */
  async during(playing) {
    await this.context.resume();
    let loudest = [];
    const timer = setInterval(() => (loudest = this.analysers.map((analyser) => this.#loudest(analyser))), 100);
    await playing;
    clearInterval(timer);
    return loudest;
  }

  #loudest(analyser) {
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const bin = levels.indexOf(Math.max(...levels));
    return levels[bin] > FLOOR ? (bin * this.context.sampleRate) / analyser.fftSize : null;
  }
}
