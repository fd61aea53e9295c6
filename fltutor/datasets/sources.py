"""Where each downloadable data set comes from, and how its files are known.

The checksums are the published ones: those of the files at the addresses below.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """One file to fetch.

    Parameters
    ----------
    name
        File name in the data set's folder.
    size
        Bytes, as published.
    sha256
        Of the file as published.
    content_sha256
        Of the unpacked content, where the file is packed and this is known: a
        file packed again by another program is then still recognised.
    """

    name: str
    size: int
    sha256: str
    content_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """One data set that is fetched once and then read from the data folder.

    Parameters
    ----------
    name
        As in `fltutor data fetch NAME`.
    folder
        Subfolder of the data folder.
    licence
        Licence of the data.
    addresses
        Web folders that hold the files, tried in this order.
    files
        What is fetched.
    """

    name: str
    folder: str
    licence: str
    addresses: tuple[str, ...]
    files: tuple[RemoteFile, ...]


MNIST = Source(
    name="mnist",
    folder="mnist",
    licence="CC BY-SA 3.0 (Yann LeCun, Corinna Cortes, Christopher J. C. Burges)",
    addresses=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    files=(
        RemoteFile(
            name="train-images-idx3-ubyte.gz",
            size=9_912_422,
            sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            content_sha256=(
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
            ),
        ),
        RemoteFile(
            name="train-labels-idx1-ubyte.gz",
            size=28_881,
            sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            content_sha256=(
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
            ),
        ),
        RemoteFile(
            name="t10k-images-idx3-ubyte.gz",
            size=1_648_877,
            sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            content_sha256=(
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
            ),
        ),
        RemoteFile(
            name="t10k-labels-idx1-ubyte.gz",
            size=4_542,
            sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            content_sha256=(
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
            ),
        ),
    ),
)

FASHION_MNIST = Source(
    name="fashion_mnist",
    folder="fashion-mnist",
    licence="MIT (Zalando SE)",
    addresses=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    files=(
        RemoteFile(
            name="train-images-idx3-ubyte.gz",
            size=26_421_880,
            sha256="3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        RemoteFile(
            name="train-labels-idx1-ubyte.gz",
            size=29_515,
            sha256="a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        RemoteFile(
            name="t10k-images-idx3-ubyte.gz",
            size=4_422_102,
            sha256="346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        RemoteFile(
            name="t10k-labels-idx1-ubyte.gz",
            size=5_148,
            sha256="67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
)

HEART_DISEASE = Source(
    name="heart_disease",
    folder="heart-disease",
    licence=(
        "CC BY 4.0 (A. Janosi, W. Steinbrunn, M. Pfisterer, R. Detrano: Heart "
        "Disease, UCI, https://doi.org/10.24432/C52P4X)"
    ),
    addresses=(
        "https://archive.ics.uci.edu/ml/machine-learning-databases/heart-disease/",
    ),
    files=(
        RemoteFile(
            name="processed.cleveland.data",
            size=18_461,
            sha256="a74b7efa387bc9d108d7d0115d831fe9b414b29ae7124f331b622b4efa0427c8",
        ),
        RemoteFile(
            name="processed.hungarian.data",
            size=10_263,
            sha256="d1ad108f785768cd3d7e82dc522e6f5a61eea93cccfb3a46ee8076f73fc3d796",
        ),
        RemoteFile(
            name="processed.switzerland.data",
            size=4_109,
            sha256="834a405ccf5b66ab4056bb77794adc8df0b7125186454c0a1d002d33c6c3b314",
        ),
        RemoteFile(
            name="processed.va.data",
            size=6_737,
            sha256="e7c93d8d0d2acdadfa4c5e8de768e2191e7f618b952e29623f1f0d5949ff6b8f",
        ),
    ),
)

SHAKESPEARE = Source(
    name="shakespeare",
    folder="shakespeare",
    licence="public domain",
    addresses=(
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",
    ),
    files=(
        RemoteFile(
            name="input.txt",
            size=1_115_394,
            sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        ),
    ),
)

SOURCES = {s.name: s for s in (MNIST, FASHION_MNIST, HEART_DISEASE, SHAKESPEARE)}
